import TestSupport
import Testing

@Suite struct DocumentPageTests {
    @Test func pageReaderSeesRowsOfItsHeadingAlone() {
        let page = DocumentPage(
            text: """
                ## [Pool]
                | Key | Default |
                |---|---|
                | `A=` | `1` |

                text
                | Key | Default |
                |---|---|
                | `B=` | - |
                ## Other
                | Key | Default |
                |---|---|
                | `C=` | `3` |
                """)
        #expect(page.rows(below: "[Pool]") == [["`A=`", "`1`"], ["`B=`", "-"]])
        #expect(page.rows(below: "[Session]").isEmpty)
    }
}

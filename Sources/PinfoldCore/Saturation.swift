extension UInt64 {
    /// The sum, or the largest number where it would be more: amounts that were measured or asked for are compared, and
    /// a sum that starts again at zero would be less than its parts.
    package func addingUpToMost(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The difference, or 0 where it would be less: a counter that ran backwards counted nothing.
    package func subtractingDownToZero(_ other: UInt64) -> UInt64 {
        self > other ? self - other : 0
    }

    /// The product, or the largest number where it would be more.
    package func multipliedUpToMost(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

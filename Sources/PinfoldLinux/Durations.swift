extension Duration {
    /// Rounded up, so that a wait never ends before its time; 0 where it is over.
    package var millisecondsUp: Int64 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        return scaled(seconds, 1000, plus: (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// Rounded towards zero.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        return scaled(seconds, 1_000_000, plus: attoseconds / 1_000_000_000_000)
    }
}

/// The largest or smallest number where it would be more or less than that.
private func scaled(_ seconds: Int64, _ unit: Int64, plus rest: Int64) -> Int64 {
    let (whole, tooFar) = seconds.multipliedReportingOverflow(by: unit)
    let (sum, isOver) = whole.addingReportingOverflow(rest)
    return tooFar || isOver ? (seconds < 0 ? .min : .max) : sum
}

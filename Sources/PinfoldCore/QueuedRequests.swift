/// The queue as its users see and change it.
extension SessionPool {
    /// A request in the queue, and what it waits for.
    package struct Waiting: Sendable {
        package let request: SessionRequest
        /// 1 is served first.
        package let position: Int
        package let shortage: Shortage
        /// For how long it has waited.
        package let waited: Duration
    }

    /// Every request that waits, in the order in which they will be served as far as it is known now.
    package func waiting(at now: Instant) -> [Waiting] {
        let shortages = shortages(at: now)
        return queueOrder().enumerated().map { position, index in
            Waiting(
                request: queue[index].request, position: position + 1, shortage: shortages[index],
                waited: now.since(queue[index].since))
        }
    }

    /// Whose the session is, also one that waits for its first life.
    package func owner(of id: SessionID) -> UserID? {
        sessions[id]?.owner ?? queue.first { $0.request.session == id }?.request.owner
    }

    /// Answers an order for a session that is not there yet, and takes its request out of the queue where it is to end.
    ///
    /// - Returns: whether the order is answered.
    mutating func executeOnQueue(_ order: Order, _ actions: inout [Action]) -> Bool {
        guard let place = queue.firstIndex(where: { $0.request.session == order.session }) else { return false }
        let isKnown = sessions.index(of: order.session) != nil
        switch order.verb {
        case .end, .kill:
            let request = queue.remove(at: place).request
            refuse(request, .cancelled(by: order.by), &actions)
            // Of a session that is suspended, or whose former life still ends, there is more to end.
            guard !isKnown else { return false }
            actions.append(.answer(order.client, order.session, .done))
        case .touch, .pin, .unpin, .suspend, .set, .setToken:
            guard !isKnown else { return false }
            let refusal = "the session '\(order.session)' waits to be admitted; only end is possible until then"
            actions.append(.answer(order.client, order.session, .refused(refusal)))
        }
        return true
    }
}

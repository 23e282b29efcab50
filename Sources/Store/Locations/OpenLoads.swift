package import Fulfilment
package import Postgres
import Synchronization

/// Bulk loads of positions of which nobody could tell whether they were committed, until the same fixes come again.
///
/// Owner of its state: one `Mutex`, held for one look. The list is short, because who loads keeps few loads on their
/// way; beyond that the oldest is forgotten, and its positions may be written twice.
package final class OpenLoads: Sendable {
    private struct Load {
        var fixes: [Fix]
        var name: TransactionName
    }

    private static let capacity = 16

    private let loads = Mutex<[Load]>([])

    /// Remembers a load of which nobody could tell what became of it.
    package func keep(_ name: TransactionName, of fixes: [Fix]) {
        loads.withLock { loads in
            if loads.count >= Self.capacity { loads.removeFirst() }
            loads.append(Load(fixes: fixes, name: name))
        }
    }

    /// The transaction that may have written exactly these fixes; it is forgotten with the answer.
    package func take(_ fixes: [Fix]) -> TransactionName? {
        loads.withLock { loads in
            guard let index = loads.firstIndex(where: { $0.fixes == fixes }) else { return nil }
            return loads.remove(at: index).name
        }
    }
}

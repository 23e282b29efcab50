package import DispatchCore
package import Fulfilment

/// What the gateway asks of the house for its sockets.
package protocol DriverDoor: Sendable {
    /// Whether a token of this epoch may open a session, from memory alone; nil where memory does not know the account.
    func standing(of account: VerifiedToken.Account, epoch: Int64) -> Result<Void, CloseReason>?

    /// The same, and what to welcome the driver with, from the store.
    func welcome(_ driver: DriverID, epoch: Int64) async throws -> Result<Welcome, CloseReason>

    /// What memory can welcome the driver with while the store does not answer.
    func fallbackWelcome(_ driver: DriverID) -> Welcome

    /// The same question for an admin, from the store.
    func admits(_ admin: AdminID, epoch: Int64) async throws -> Result<Void, CloseReason>

    /// Positions of one turn of a loop, in the order they were received. Never waits.
    func accept(_ fixes: [Fix])

    /// The driver has shown a sign of life.
    func seen(_ driver: DriverID, at now: Timestamp)

    /// Drivers who are to be on the map: who was seen moving lately, and who is online and shows signs of life where he
    /// was last.
    func sightings() -> [DriverSighting]
}

package import DispatchCore
package import Geo

/// One reported position.
package struct Fix: Sendable, Equatable {
    package var driverID: DriverID
    package var point: GeoPoint
    /// Metres; nil when the phone did not say.
    package var accuracy: Double?
    /// Degrees clockwise from north.
    package var heading: Double?
    /// As sent, the seed names no unit; never decides anything.
    package var speed: Double?
    /// Percent.
    package var batteryLevel: Int?
    /// The device's clock, as sent; decides nothing.
    package var recordedAt: Timestamp?
    /// The server's clock.
    package var receivedAt: Timestamp

    package init(driverID: DriverID, point: GeoPoint, receivedAt: Timestamp) {
        self.driverID = driverID
        self.point = point
        self.receivedAt = receivedAt
    }
}

package import Geo

/// A restaurant's particulars, as an admin or an import gives them.
package struct RestaurantDraft: Sendable, Equatable {
    package var name: String
    package var address: String
    package var phone: String?
    package var point: GeoPoint?
    package var externalID: String?

    package init(name: String, address: String, phone: String? = nil, point: GeoPoint? = nil, externalID: String? = nil)
    {
        self.name = name
        self.address = address
        self.phone = phone
        self.point = point
        self.externalID = externalID
    }
}

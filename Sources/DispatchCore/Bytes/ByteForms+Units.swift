package import Geo

/// Enumerations with a number are written as that byte.
package protocol EnumByteForm: ByteForm, RawRepresentable where RawValue == UInt8 {}

extension EnumByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(rawValue) }

    package init(from reader: inout ByteReader) throws(ByteError) {
        guard let value = Self(rawValue: try reader.readByte()) else { throw .invalidValue }
        self = value
    }
}

extension DispatchPolicy.StopRule: EnumByteForm {}
extension DispatchPolicy.Commitment: EnumByteForm {}
extension RunningStop.Kind: EnumByteForm {}
extension DriverState.RestaurantRule.Kind: EnumByteForm {}
extension BatchReason.Trigger: EnumByteForm {}
extension Refusal: EnumByteForm {}
extension HoldReason: EnumByteForm {}
extension VehicleClass: EnumByteForm {}

extension Seconds: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(value) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(try reader.readInteger()) }
}

extension WholeMetres: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(value) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(try reader.readInteger()) }
}

extension Cost: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(value) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(try reader.readInteger()) }
}

extension Weight: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(Int64(perMille)) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(perMille: try reader.readInt32()) }
}

extension WorkBudget: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(steps) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(steps: try reader.readInteger()) }
}

extension PlaceIndex: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(Int64(value)) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(try reader.readInt32()) }
}

extension Identifier: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(rawValue) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(try reader.readInteger()) }
}

extension Timestamp: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(milliseconds) }
    package init(from reader: inout ByteReader) throws(ByteError) { self.init(milliseconds: try reader.readInteger()) }
}

extension GeoPoint: ByteForm {
    package func write(to writer: inout ByteWriter) {
        writer.write(latitude)
        writer.write(longitude)
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        guard let point = GeoPoint(latitude: try reader.readDouble(), longitude: try reader.readDouble()) else {
            throw .invalidValue
        }
        self = point
    }
}

extension Int32: ByteForm {
    package func write(to writer: inout ByteWriter) { writer.write(Int64(self)) }
    package init(from reader: inout ByteReader) throws(ByteError) { self = try reader.readInt32() }
}

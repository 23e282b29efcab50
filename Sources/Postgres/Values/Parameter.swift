/// One argument of a statement, encoded in PostgreSQL's binary format where that is cheaper, in text otherwise.
///
/// `nil` is SQL's NULL and keeps its type. Times are milliseconds since 1970-01-01T00:00:00Z.
package struct Parameter: Sendable {
    let type: UInt32
    let isBinary: Bool
    /// `nil` is NULL.
    let bytes: [UInt8]?

    init(type: UInt32, isBinary: Bool = true, bytes: [UInt8]?) {
        self.type = type
        self.isBinary = isBinary
        self.bytes = bytes
    }

    /// A `bigint`.
    package static func int8(_ value: Int64?) -> Parameter {
        Parameter(type: TypeID.int8, bytes: value.map { BinaryWriter.single { $0.append($1) }($0) })
    }

    /// An `integer`.
    package static func int4(_ value: Int32?) -> Parameter {
        Parameter(type: TypeID.int4, bytes: value.map { BinaryWriter.single { $0.append($1) }($0) })
    }

    /// A `smallint`.
    package static func int2(_ value: Int16?) -> Parameter {
        Parameter(type: TypeID.int2, bytes: value.map { BinaryWriter.single { $0.append($1) }($0) })
    }

    /// A `double precision`.
    package static func float8(_ value: Double?) -> Parameter {
        Parameter(type: TypeID.float8, bytes: value.map { BinaryWriter.single { $0.append($1.bitPattern) }($0) })
    }

    /// A `real`.
    package static func float4(_ value: Float?) -> Parameter {
        Parameter(type: TypeID.float4, bytes: value.map { BinaryWriter.single { $0.append($1.bitPattern) }($0) })
    }

    /// A `boolean`.
    package static func bool(_ value: Bool?) -> Parameter {
        Parameter(type: TypeID.bool, bytes: value.map { [$0 ? 1 : 0] })
    }

    /// Text. A NUL character, which PostgreSQL cannot store, is left out.
    package static func text(_ value: String?) -> Parameter {
        Parameter(type: TypeID.text, bytes: value.map { BinaryWriter.storable($0) })
    }

    /// Bytes, as they are.
    package static func bytea(_ value: [UInt8]?) -> Parameter {
        Parameter(type: TypeID.bytea, bytes: value)
    }

    /// A `timestamptz` from milliseconds since 1970.
    package static func timestamp(milliseconds: Int64?) -> Parameter {
        Parameter(
            type: TypeID.timestamptz,
            bytes: milliseconds.map { value in BinaryWriter.single { $0.append(TimestampCoding.wire($1)) }(value) })
    }

    /// A `numeric` from its decimal text, for example `-12.50`.
    package static func numeric(_ text: String?) -> Parameter {
        Parameter(type: TypeID.numeric, isBinary: false, bytes: text.map { BinaryWriter.storable($0) })
    }

    /// A `uuid` from its text in any form that PostgreSQL reads.
    package static func uuid(_ text: String?) -> Parameter {
        Parameter(type: TypeID.uuid, isBinary: false, bytes: text.map { BinaryWriter.storable($0) })
    }

    /// A `jsonb` from JSON text.
    package static func jsonb(_ text: String?) -> Parameter {
        Parameter(type: TypeID.jsonb, isBinary: false, bytes: text.map { BinaryWriter.storable($0) })
    }

    /// A `date` from its text, `YYYY-MM-DD`.
    package static func date(_ text: String?) -> Parameter {
        Parameter(type: TypeID.date, isBinary: false, bytes: text.map { BinaryWriter.storable($0) })
    }
}

/// The object ids of the built-in types, from the server's `pg_type.dat`; they are fixed for ever.
enum TypeID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let date: UInt32 = 1082
    static let timestamptz: UInt32 = 1184
    static let timestamp: UInt32 = 1114
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802
    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let int2Array: UInt32 = 1005
    static let int4Array: UInt32 = 1007
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let float4Array: UInt32 = 1021
    static let float8Array: UInt32 = 1022
    static let timestamptzArray: UInt32 = 1185
}

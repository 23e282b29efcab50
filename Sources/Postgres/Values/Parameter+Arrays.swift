extension Parameter {
    /// One-dimensional arrays for `UNNEST`, which makes a bulk insert one statement with one argument per column.
    /// An element that is `nil` is NULL.
    package static func int8Array(_ values: [Int64?]) -> Parameter {
        array(values, type: TypeID.int8Array, element: TypeID.int8, width: 8) { $0.append($1) }
    }

    /// An `integer[]`.
    package static func int4Array(_ values: [Int32?]) -> Parameter {
        array(values, type: TypeID.int4Array, element: TypeID.int4, width: 4) { $0.append($1) }
    }

    /// A `smallint[]`.
    package static func int2Array(_ values: [Int16?]) -> Parameter {
        array(values, type: TypeID.int2Array, element: TypeID.int2, width: 2) { $0.append($1) }
    }

    /// A `double precision[]`.
    package static func float8Array(_ values: [Double?]) -> Parameter {
        array(values, type: TypeID.float8Array, element: TypeID.float8, width: 8) { $0.append($1.bitPattern) }
    }

    /// A `real[]`.
    package static func float4Array(_ values: [Float?]) -> Parameter {
        array(values, type: TypeID.float4Array, element: TypeID.float4, width: 4) { $0.append($1.bitPattern) }
    }

    /// A `boolean[]`.
    package static func boolArray(_ values: [Bool?]) -> Parameter {
        array(values, type: TypeID.boolArray, element: TypeID.bool, width: 1) { $0.append(UInt8($1 ? 1 : 0)) }
    }

    /// `timestamptz[]` from milliseconds since 1970.
    package static func timestampArray(milliseconds values: [Int64?]) -> Parameter {
        array(values, type: TypeID.timestamptzArray, element: TypeID.timestamptz, width: 8) {
            $0.append(TimestampCoding.wire($1))
        }
    }

    /// A `text[]`; NUL characters are left out.
    package static func textArray(_ values: [String?]) -> Parameter {
        variableArray(values.map { $0.map(BinaryWriter.storable) }, type: TypeID.textArray, element: TypeID.text)
    }

    /// A `bytea[]`.
    package static func byteaArray(_ values: [[UInt8]?]) -> Parameter {
        variableArray(values, type: TypeID.byteaArray, element: TypeID.bytea)
    }

    private static func header(count: Int, hasNull: Bool, element: UInt32, into writer: inout BinaryWriter) {
        writer.append(Int32(count == 0 ? 0 : 1))
        writer.append(Int32(hasNull ? 1 : 0))
        writer.append(element)
        if count > 0 {
            writer.append(Int32(count))
            writer.append(Int32(1))
        }
    }

    private static func array<Value>(
        _ values: [Value?], type: UInt32, element: UInt32, width: Int, _ write: (inout BinaryWriter, Value) -> Void
    ) -> Parameter {
        var writer = BinaryWriter(capacity: 20 + values.count * (width + 4))
        header(count: values.count, hasNull: values.contains { $0 == nil }, element: element, into: &writer)
        for value in values {
            if let value {
                writer.append(Int32(width))
                write(&writer, value)
            } else {
                writer.append(Int32(-1))
            }
        }
        return Parameter(type: type, bytes: writer.bytes)
    }

    private static func variableArray(_ values: [[UInt8]?], type: UInt32, element: UInt32) -> Parameter {
        var writer = BinaryWriter(capacity: 20 + values.reduce(0) { $0 + 4 + ($1?.count ?? 0) })
        header(count: values.count, hasNull: values.contains { $0 == nil }, element: element, into: &writer)
        for value in values {
            if let value {
                writer.append(Int32(value.count))
                writer.append(contentsOf: value)
            } else {
                writer.append(Int32(-1))
            }
        }
        return Parameter(type: type, bytes: writer.bytes)
    }
}

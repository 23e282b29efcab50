/// One numbered step of the schema. A step that has been released is never changed; a change is a new step.
package struct Migration: Sendable {
    package let version: Int
    package let sql: String

    package init(version: Int, sql: String) {
        self.version = version
        self.sql = sql
    }

    /// Every step in order. The texts are part of the program, so that it can migrate wherever it is installed.
    package static let all = [
        Migration(version: 1, sql: String(decoding: PackageResources.schema_0001_sql, as: UTF8.self)),
        Migration(version: 2, sql: String(decoding: PackageResources.schema_0002_pools_sql, as: UTF8.self)),
        Migration(version: 3, sql: String(decoding: PackageResources.schema_0003_presence_sql, as: UTF8.self)),
        Migration(version: 4, sql: String(decoding: PackageResources.schema_0004_presence_places_sql, as: UTF8.self)),
        Migration(version: 5, sql: String(decoding: PackageResources.schema_0005_repeated_notes_sql, as: UTF8.self)),
        Migration(version: 6, sql: String(decoding: PackageResources.schema_0006_zone_properties_sql, as: UTF8.self)),
        Migration(version: 7, sql: String(decoding: PackageResources.schema_0007_preparation_sql, as: UTF8.self)),
        Migration(version: 8, sql: String(decoding: PackageResources.schema_0008_given_back_sql, as: UTF8.self)),
        Migration(version: 9, sql: String(decoding: PackageResources.schema_0009_servers_sql, as: UTF8.self)),
        Migration(version: 10, sql: String(decoding: PackageResources.schema_0010_rules_sql, as: UTF8.self)),
        Migration(version: 11, sql: String(decoding: PackageResources.schema_0011_beyond_word_sql, as: UTF8.self)),
    ]
}

/// Queries that must return no row: the promises of the schema, asked of the data.
package enum Invariants {
    /// One statement with the columns `promise` and `id`.
    package static let sql = String(decoding: PackageResources.invariants_sql, as: UTF8.self)
}

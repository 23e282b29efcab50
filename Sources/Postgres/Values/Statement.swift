/// One SQL statement with its arguments, `$1` for the first.
///
/// The text should be a constant: it is prepared once per connection and found again by its text.
package struct Statement: Sendable {
    package let sql: String
    let parameters: [Parameter]

    package init(_ sql: String, _ parameters: [Parameter] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}

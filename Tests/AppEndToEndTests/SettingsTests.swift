import App
import Fulfilment
import Testing

/// What an operator may write, and where.
@Suite struct SettingsTests {
    private func configuration(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> AppConfiguration {
        try AppConfiguration(try await SettingsReader(arguments: arguments, environment: environment, file: nil))
    }

    @Test func aFlagsValueMayHaveACommaAndWinsOverTheEnvironment() async throws {
        let url = "postgresql://a:5432,b:5432/tiffin?target_session_attrs=read-write"
        let read = try await configuration(
            ["--database-url", url, "--auth-secret=a,b=c", "--http-port", "0", "--dispatch-automatic", "no"],
            environment: ["TIFFIN_HTTP_PORT": "9"])
        #expect(read.databaseURL == url)
        #expect(read.secret == "a,b=c")
        #expect(read.http.port == 0)
        #expect(!read.dispatch.isAutomatic)
        let lists = try await configuration(["--earnings-peak-hours", "1,2", "--earnings-peak-hours=3"])
        #expect(lists.earnings.peakHours == [1, 2, 3])
    }

    @Test(arguments: [
        ["--http-port", "eight"], ["--http-port", "8000", "9000"], ["stray"], ["--no-such", "1"],
        ["--http-trusted-proxies", "10.0.0.0/99"], ["--dispatch-lapse-after", "-1"],
    ])
    func whatIsWrongIsRefused(arguments: [String]) async throws {
        await #expect(throws: ConfigurationError.self) { try await configuration(arguments) }
    }

    @Test func aLapseIsOffUnlessItIsSet() async throws {
        #expect(try await configuration([]).dispatch.lapseAfterSeconds == 0)
        #expect(try await configuration(["--dispatch-lapse-after", "900"]).dispatch.lapseAfterSeconds == 900)
    }
}

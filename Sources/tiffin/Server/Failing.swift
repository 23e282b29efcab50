import App
import ArgumentParser

/// Exit codes of sysexits, as scripts expect them.
enum Exit {
    /// Something the program needs is missing or does not answer.
    static let unavailable = ExitCode(69)
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
}

/// Runs a command's work; a refusal becomes one sentence on standard error and an exit code, never a stack of words.
func speakingPlainly(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let error as ConfigurationError {
        Terminal.complain("tiffin: \(error)")
        throw Exit.configuration
    } catch let error as ExitCode {
        throw error
    } catch let error as ValidationError {
        throw error
    } catch is CancellationError {
        return
    } catch {
        Terminal.complain("tiffin: \(StartFailure.sentence(for: error))")
        throw Exit.unavailable
    }
}

import Contract
import DispatchCore
import Fulfilment
import HTTPTypes
import Hummingbird
import Identity
import NIOCore

/// A problem document and the header fields that go with it.
struct Refusal: Error, Sendable {
    var problem: Problem
    var headers: HTTPFields = [:]

    init(_ problem: Problem, headers: HTTPFields = [:]) {
        self.problem = problem
        self.headers = headers
    }

    static func retryLater(_ problem: Problem, seconds: Int64) -> Refusal {
        Refusal(problem, headers: [.retryAfter: String(seconds)])
    }
}

/// The one place that turns errors into HTTP.
enum Problems {
    static let notFound = Problem(
        status: 404, code: "not_found", title: "Not found", detail: "There is nothing here, or it is not yours.")
    static let wrongRole = Problem(
        status: 403, code: "wrong_role", title: "Not allowed", detail: "This account may not use this address.")
    static let badCredentials = Problem(
        status: 401, code: "bad_credentials", title: "Log-in failed", detail: "The name or the password is wrong.")
    static let badKey = Problem(
        status: 401, code: "api_key_wrong", title: "Not authenticated", detail: "X-API-Key is missing or wrong.")
    static let integrationsOff = Problem(
        status: 403, code: "integrations_off", title: "Not allowed",
        detail: "This server takes no webhooks: its pools.apiKey is not set.")
    static let standingBy = Problem(
        status: 409, code: "standing_by", title: "Not the dispatcher",
        detail: "Another server on this database dispatches and this one stands by; ask that one for a round.")
    static let tooLarge = Problem(
        status: 413, code: "body_too_large", title: "Too large", detail: "The body is larger than this address takes.")
    static let importBusy = Problem(
        status: 503, code: "import_busy", title: "Busy",
        detail: "Other large imports wait already; repeat this one in a few seconds, or send it in smaller parts.")

    static func tooLarge(limit: Int) -> Problem {
        var problem = tooLarge
        problem.detail = "The body is larger than the \(limit) bytes that this address takes."
        return problem
    }
    static let accountBlocked = Problem(
        status: 403, code: "driver_blocked", title: "Account blocked", detail: "This account is blocked.")

    static func field(_ name: String, _ message: String) -> Problem {
        BodyRefusal.fields([FieldError(field: name, message: message)]).problem
    }

    static func targetRests(_ target: Int64) -> Problem {
        Problem(
            status: 409, code: "target_rests", title: "Target at rest",
            detail: "Webhook \(target) is not active; PATCH it with is_active: true first.")
    }

    static func notOffered(_ what: String) -> Problem {
        Problem(
            status: 501, code: "not_offered", title: "Not offered", detail: "\(what) is not offered by this server.")
    }

    /// What a client is told of any error. What only we can cause becomes a 500 that says nothing about it.
    static func refusal(for error: any Error) -> Refusal {
        switch error {
        case let refusal as Refusal: refusal
        case let problem as Problem: Refusal(problem)
        case let body as BodyRefusal: Refusal(body.problem)
        case let fulfilment as FulfilmentError: Refusal(problem(for: fulfilment))
        case let store as StoreError: refusal(for: store)
        case let token as TokenRejection: refusal(for: token)
        case let password as PasswordFailure: refusal(for: password)
        case is NIOTooManyBytesError: Refusal(tooLarge)
        case let http as HTTPError: refusal(for: http)
        default: Refusal(internalError)
        }
    }

    private static let internalError = Problem(
        status: 500, code: "internal", title: "Internal error", detail: "Something went wrong on our side.")

    private static func problem(for error: FulfilmentError) -> Problem {
        switch error {
        case .unknownOrder: return missing("order")
        case .unknownDriver: return missing("driver")
        case .unknownRestaurant: return missing("restaurant")
        case .unknownBatch: return missing("batch")
        case .unknownPool: return missing("pool")
        case .nothingLeft(let group):
            return Problem(
                status: 409, code: "group_gone", title: "Nothing left",
                detail: "No order of group \(group) waits any more; group the pool again.")
        case .illegalStep(let order, let current, let allowed):
            return illegal(
                "illegal_step", "Order \(order) is \(current.rawValue) and cannot take this step.", current: current,
                allowed: allowed)
        case .notAllowed(let detail):
            return Problem(status: 403, code: "not_allowed", title: "Not allowed", detail: sentence(detail))
        case .driverBlocked(let driver):
            return Problem(
                status: 409, code: "driver_blocked", title: "Driver blocked", detail: "Driver \(driver) is blocked.")
        case .orderEnded(let order, let current):
            return illegal("order_ended", "Order \(order) is \(current.rawValue).", current: current, allowed: [])
        case .foodOnBoard(let order, let current):
            return illegal(
                "food_on_board", "The food of order \(order) is with a driver already.", current: current,
                allowed: OrderMachine.allowed(from: current))
        case .pinnedByAnother(let order, let admin):
            return Problem(
                status: 409, code: "pinned_by_another", title: "Assigned by another admin",
                detail: "Admin \(admin) assigned order \(order) by hand; send force: true to take it all the same.")
        case .otpMissing:
            return Problem(
                status: 400, code: "otp_required", title: "Password needed",
                detail: "The customer's one-time password is needed.")
        case .otpWrong(_, let triesLeft):
            return Problem(
                status: 400, code: "otp_wrong", title: "Wrong password",
                detail: "The one-time password is wrong; \(triesLeft) tries left.",
                extensions: [JSONMember("tries_left", (try? JSON(parsing: String(triesLeft))) ?? .null)])
        case .otpLocked:
            return Problem(
                status: 409, code: "otp_locked", title: "Too many tries",
                detail: "Too many wrong one-time passwords; ask the dispatcher to deliver by hand.")
        case .invalid(let field, let detail):
            return self.field(field, detail)
        }
    }

    private static func missing(_ what: String) -> Problem {
        Problem(
            status: 404, code: "unknown_\(what)", title: "Not found",
            detail: "There is no such \(what), or it is not yours.")
    }

    private static func illegal(_ code: String, _ detail: String, current: OrderState, allowed: [OrderState]) -> Problem
    {
        Problem(
            status: 409, code: code, title: "Not possible now", detail: detail,
            extensions: [
                JSONMember("current", .string(current.rawValue)),
                JSONMember("allowed", .array(allowed.map { .string($0.rawValue) })),
            ])
    }

    private static func refusal(for error: StoreError) -> Refusal {
        switch error.code {
        case .keyReused:
            Refusal(
                Problem(
                    status: 422, code: "idempotency_key_reused", title: "Key used before",
                    detail: "This Idempotency-Key came with another request before."))
        case .duplicate:
            Refusal(
                Problem(
                    status: 409, code: "already_exists", title: "Exists already",
                    detail: "A value that must be unique is taken already."))
        case .staleFence, .constraint:
            Refusal(
                Problem(
                    status: 409, code: "conflict", title: "Conflict",
                    detail: "The change does not fit what is stored; look again and repeat it."))
        case .outcomeUnknown:
            .retryLater(
                Problem(
                    status: 503, code: "outcome_unknown", title: "Not known",
                    detail: "The database broke off; the change may have been made or not. Look, or repeat the request."
                ),
                seconds: 2)
        case .unavailable:
            .retryLater(
                Problem(
                    status: 503, code: "store_unavailable", title: "Not available",
                    detail: "The database does not answer; repeat the request in a moment."), seconds: 2)
        }
    }

    private static func refusal(for error: TokenRejection) -> Refusal {
        let detail =
            switch error.code {
            case .missing: "A bearer token is needed."
            case .invalid: "The token is not valid."
            case .expired: "The token has expired; log in again."
            case .revoked: "The token is no longer valid; log in again."
            }
        let code = error.cause == .blocked ? "driver_blocked" : error.code.rawValue
        return Refusal(
            Problem(status: 401, code: code, title: "Not authenticated", detail: detail),
            headers: [.wwwAuthenticate: "Bearer"])
    }

    private static func refusal(for error: PasswordFailure) -> Refusal {
        switch error {
        case .busy, .stopped, .exhausted:
            .retryLater(
                Problem(
                    status: 503, code: "logins_busy", title: "Busy",
                    detail: "Too many log-ins at this moment; try again in a second."), seconds: 1)
        case .unacceptable:
            Refusal(field("password", "must have 1 to \(PasswordHasher.longestPassword) bytes"))
        }
    }

    /// Errors that the framework makes: no such path, an unreadable head, a body that is too long.
    private static func refusal(for error: HTTPError) -> Refusal {
        switch error.status.code {
        case 404: return Refusal(notFound, headers: error.headers)
        case 413: return Refusal(tooLarge, headers: error.headers)
        case 400..<500:
            let problem = Problem(
                status: error.status.code, code: "bad_request", title: error.status.reasonPhrase,
                detail: "The request cannot be served as it is.")
            return Refusal(problem, headers: error.headers)
        default: return Refusal(internalError)
        }
    }

    private static func sentence(_ text: String) -> String {
        guard let first = text.first else { return text }
        return first.uppercased() + text.dropFirst() + "."
    }
}

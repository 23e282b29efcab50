import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

@Suite struct SessionTests {
    @Test(arguments: ["identity", "email", "username"], ["auth/login", "auth/driver/login"])
    func aDriverLogsInUnderEveryName(_ field: String, _ path: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.post(
                path, #"{"\#(field)":"asha@example.org","password":"\#(RestHouse.password)"}"#)
            #expect(answer.status == 200)
            #expect(answer.json["token_type"]?.text == "bearer")
            #expect(answer.json["expires_in"]?.int64 == 43_200)
            #expect(answer.json["refresh_token"]?.text?.hasPrefix("rt_") == true)
            #expect(answer.json["driver_id"]?.int64 == house.asha.id.rawValue)
            #expect(answer.json["driver"]?["status"]?.text == "APPROVED")
            #expect(answer.json["driver"]?["is_online"]?.boolean == true)
            let token = try #require(answer.json["access_token"]?.text)
            #expect(try await caller.get("driver/profile", as: token).status == 200)
        }
    }

    @Test(arguments: ["phone", "phone_number"]) func aPhoneNumberOrAFormLogsInAsWell(_ field: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let json = try await caller.post(
                "auth/login", #"{"\#(field)":"+919800000001","password":"\#(RestHouse.password)"}"#)
            #expect(json.status == 200)
            let form = try await caller.call(
                .post, "auth/login", body: "username=%2B919800000001&password=a+good+password",
                type: "application/x-www-form-urlencoded")
            #expect(form.status == 200)
        }
    }

    @Test func anAdminLogsInAndIsToldHisName() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.post(
                "auth/admin/login", #"{"email":"admin@example.org","password":"\#(RestHouse.password)"}"#)
            #expect(answer.status == 200)
            #expect(answer.json["admin"]?["full_name"]?.text == "Admin")
            let token = try #require(answer.json["access_token"]?.text)
            #expect(try await caller.get("orders", as: token).status == 200)
        }
    }

    @Test func theWrongKindOfAccountAWrongPasswordAndAStrangerAreToldAlike() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let good = RestHouse.password
            let tries = [
                ("auth/admin/login", "asha@example.org", good), ("auth/driver/login", "admin@example.org", good),
                ("auth/login", "asha@example.org", "wrong"), ("auth/login", "nobody@example.org", good),
            ]
            for (path, name, password) in tries {
                let answer = try await caller.post(path, #"{"identity":"\#(name)","password":"\#(password)"}"#)
                #expect(answer.status == 401)
                #expect(answer.code == "bad_credentials")
                #expect(answer.detail == "The name or the password is wrong.")
            }
        }
    }

    @Test func guessingIsSlowedAndToldWhenToComeBack() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let wrong = #"{"identity":"asha@example.org","password":"wrong"}"#
            for _ in 0..<10 { #expect(try await caller.post("auth/login", wrong).status == 401) }
            let refused = try await caller.post("auth/login", wrong)
            #expect(refused.status == 429)
            #expect(refused.headers[.retryAfter] == "90")
            house.city.time.advance(seconds: 90)
            let right = #"{"identity":"asha@example.org","password":"\#(RestHouse.password)"}"#
            #expect(try await caller.post("auth/login", right).status == 200)
            // A success forgives: the next mistakes are counted from the beginning.
            #expect(try await caller.post("auth/login", wrong).status == 401)
        }
    }

    /// The app waits for 15 s: a log-in whose turn comes later is no longer worth the work.
    @Test func aLogInThatNobodyAwaitsAnyMoreIsToldToComeAgain() async throws {
        let readings = Counter()
        let house = try await RestHouse { parts in
            let start = parts.house.now()
            parts.house.now = { start.advanced(bySeconds: Int64(readings.next()) * 11) }
        }
        try await house.serve { caller in
            let right = #"{"identity":"asha@example.org","password":"\#(RestHouse.password)"}"#
            let late = try await caller.post("auth/login", right)
            #expect(late.status == 503 && late.code == "logins_busy" && late.headers[.retryAfter] == "1")
        }
    }

    @Test func rightLogInsAreNeverLimited() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            for _ in 0..<60 {
                let answer = try await caller.post(
                    "auth/login", #"{"identity":"asha@example.org","password":"\#(RestHouse.password)"}"#)
                #expect(answer.status == 200)
            }
        }
    }

    @Test func aRefreshRotatesALostAnswerIsRepeatedAndReuseEndsTheFamily() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let first = try await logIn(caller)
            let refreshed = try await refresh(caller, first.refresh)
            #expect(refreshed.status == 200)
            let second = try #require(refreshed.json["refresh_token"]?.text)
            #expect(second != first.refresh)
            house.city.time.advance(seconds: 59)
            let repeated = try await refresh(caller, first.refresh)
            #expect(repeated.json["refresh_token"]?.text == second)
            house.city.time.advance(seconds: 2)
            #expect(try await refresh(caller, first.refresh).status == 401)
            #expect(try await refresh(caller, second).status == 401)
        }
    }

    @Test func theOtherSpellingOfARefreshIsRead() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let first = try await logIn(caller)
            let answer = try await caller.post("auth/refresh", #"{"refreshToken":"\#(first.refresh)"}"#)
            #expect(answer.status == 200)
            #expect(try await caller.post("auth/refresh", #"{"refresh_token":"\#(first.access)"}"#).status == 401)
            #expect(try await caller.get("driver/profile", as: first.refresh).code == "token_invalid")
        }
    }

    @Test func aLogOutEndsAllTokensAtOnce() async throws {
        let house = try await RestHouse()
        house.epochs.learn([], readAt: house.city.time.now.milliseconds)
        try await house.serve { caller in
            let session = try await logIn(caller)
            #expect(try await caller.post("auth/logout", as: session.access).status == 200)
            let answer = try await caller.get("driver/profile", as: session.access)
            #expect(answer.status == 401)
            #expect(answer.code == "token_revoked")
            #expect(try await refresh(caller, session.refresh).status == 401)
            #expect(house.city.push.cut[house.asha.id] == .loggedOut)
            #expect(try await caller.get("driver/profile", as: try await logIn(caller).access).status == 200)
        }
    }

    @Test func anAdminLogsOutToo() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let out = try await caller.post("auth/logout", as: house.adminToken)
            #expect(out.status == 200)
            #expect(try await caller.get("orders", as: house.adminToken).code == "token_revoked")
        }
    }

    @Test func aNewPasswordEndsOldTokensAndBeginsASession() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let session = try await logIn(caller)
            let wrong = try await caller.put(
                "auth/password", as: session.access, #"{"current_password":"no","new_password":"another one"}"#)
            #expect(wrong.status == 422)
            let answer = try await caller.put(
                "auth/password", as: session.access,
                #"{"current_password":"\#(RestHouse.password)","new_password":"another one"}"#)
            #expect(answer.status == 200)
            #expect(try await caller.get("driver/profile", as: session.access).code == "token_revoked")
            let token = try #require(answer.json["access_token"]?.text)
            #expect(try await caller.get("driver/profile", as: token).status == 200)
            let old = try await caller.post(
                "auth/login", #"{"identity":"asha@example.org","password":"\#(RestHouse.password)"}"#)
            #expect(old.status == 401)
        }
    }

    @Test func aBlockedDriverIsCutOffAndCannotComeBack() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let session = try await logIn(caller)
            let id = house.asha.id
            let blocked = try await caller.patch("drivers/\(id)/status", as: house.adminToken, #"{"status":"blocked"}"#)
            #expect(blocked.status == 200)
            #expect(blocked.json["status"]?.text == "BLOCKED")
            #expect(try await caller.get("driver/profile", as: session.access).status == 401)
            #expect(try await refresh(caller, session.refresh).status == 401)
            let again = try await caller.post(
                "auth/login", #"{"identity":"asha@example.org","password":"\#(RestHouse.password)"}"#)
            #expect(again.status == 403)
            #expect(again.code == "driver_blocked")
        }
    }

    @Test func aRegisterThatIsStaleAsksTheStoreAndADeadStoreLetsNobodyIn() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let token = house.token(house.asha)
            #expect(try await caller.get("driver/profile", as: token).status == 200)
            house.city.store.setDown(true)
            let answer = try await caller.get("driver/profile", as: token)
            #expect(answer.status == 503)
            #expect(answer.headers[.retryAfter] == "2")
        }
    }

    private func logIn(_ caller: Caller) async throws -> (access: String, refresh: String) {
        let answer = try await caller.post(
            "auth/login", #"{"identity":"asha@example.org","password":"\#(RestHouse.password)"}"#)
        return (
            try #require(answer.json["access_token"]?.text), try #require(answer.json["refresh_token"]?.text)
        )
    }

    private func refresh(_ caller: Caller, _ token: String) async throws -> Answer {
        try await caller.post("auth/refresh", #"{"refresh_token":"\#(token)"}"#)
    }
}

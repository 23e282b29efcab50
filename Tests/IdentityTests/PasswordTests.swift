import Identity
import Testing

@Suite struct PasswordTests {
    private func hasher(_ parameters: ScryptParameters = .cheap) -> PasswordHasher {
        PasswordHasher(parameters: parameters, randomBytes: countingBytes())
    }

    @Test func theRightPasswordMatchesAndOthersDoNot() async throws {
        let hasher = hasher()
        defer { hasher.stop() }
        let stored = try await hasher.hash("open sesame")
        #expect(try await hasher.matches("open sesame", stored: stored))
        for wrong in ["open sesam", "open sesame ", "Open sesame", "", String(repeating: "x", count: 2000)] {
            #expect(try await !hasher.matches(wrong, stored: stored))
        }
    }

    @Test func theSamePasswordIsStoredDifferentlyEachTime() async throws {
        let hasher = hasher()
        defer { hasher.stop() }
        let first = try await hasher.hash("open sesame")
        let second = try await hasher.hash("open sesame")
        #expect(first != second)
        #expect(!first.contains("sesame"))
    }

    @Test func composedAndDecomposedLettersAreTheSamePassword() async throws {
        let hasher = hasher()
        defer { hasher.stop() }
        let stored = try await hasher.hash("caf\u{E9}")
        #expect(try await hasher.matches("cafe\u{301}", stored: stored))
    }

    @Test func unknownAccountsAndDamagedRowsNeverMatch() async throws {
        let hasher = hasher()
        defer { hasher.stop() }
        let stored: [String?] = [
            nil, "", "plain", "$scrypt$ln=14,r=8,p=5$$", "$2b$12$abcdefghijklmnopqrstuv",
            "$scrypt$ln=40,r=8,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ]
        for line in stored {
            #expect(try await !hasher.matches("x", stored: line))
        }
    }

    @Test func theDerivationIsScrypt() async throws {
        let hasher = hasher()
        defer { hasher.stop() }
        // RFC 7914, section 12, third vector, its first 32 bytes (a prefix, as PBKDF2 makes it): N = 16384, r = 8,
        // p = 1, "pleaseletmein", "SodiumChloride".
        let line = "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046_2o-7qQT44-qbVD9lRdofI"
        #expect(try await hasher.matches("pleaseletmein", stored: line))
        #expect(try await !hasher.matches("pleaseletmeim", stored: line))
    }

    @Test func theStandardCostIsWrittenIntoTheLine() async throws {
        let hasher = hasher(.standard)
        defer { hasher.stop() }
        let stored = try await hasher.hash("x")
        #expect(stored.hasPrefix("$scrypt$ln=14,r=8,p=5$"))
        #expect(!hasher.isOutdated(stored))
        let cheap = self.hasher()
        defer { cheap.stop() }
        #expect(cheap.isOutdated(stored))
        #expect(try await cheap.matches("x", stored: stored))
    }

    @Test(arguments: ["", String(repeating: "x", count: 1025)])
    func emptyAndHugePasswordsAreNotSet(_ password: String) async {
        let hasher = hasher()
        defer { hasher.stop() }
        await #expect(throws: PasswordFailure.unacceptable) { try await hasher.hash(password) }
    }

    @Test func aFloodIsRefusedAtOnceAndTheFirstOnesAreServed() async {
        let hasher = PasswordHasher(
            parameters: .standard, threads: 1, queueLimit: 4, randomBytes: countingBytes())
        defer { hasher.stop() }
        let outcomes = await withTaskGroup(of: PasswordFailure?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do throws(PasswordFailure) {
                        _ = try await hasher.hash("x")
                        return nil
                    } catch { return error }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let served = outcomes.filter { $0 == nil }.count
        #expect((4...20).contains(served))
        #expect(outcomes.filter { $0 == .busy }.count == 40 - served)
    }

    /// Whoever has gone by the time his turn comes costs nothing, and takes nobody's place.
    @Test func workThatNobodyAwaitsAnyMoreIsNotDone() async throws {
        let hasher = hasher()
        defer { hasher.stop() }
        let stored = try await hasher.hash("right")
        await #expect(throws: PasswordFailure.busy) {
            _ = try await hasher.matches("right", stored: stored, while: { false })
        }
        #expect(try await hasher.matches("right", stored: stored, while: { true }))
    }

    @Test func aStoppedHasherRefuses() async {
        let hasher = hasher()
        hasher.stop()
        await #expect(throws: PasswordFailure.stopped) { try await hasher.hash("x") }
    }
}

import Foundation
import Synchronization

/// Set once, before the first input.
private let ours = Mutex<(keys: TokenKeys, verifier: TokenVerifier)?>(nil)
private let now: Int64 = 1_763_548_200_000

@_cdecl("LLVMFuzzerInitialize")
public func begin(_ count: UnsafeMutableRawPointer, _ arguments: UnsafeMutableRawPointer) -> CInt {
    let isReady = DispatchSemaphore(value: 0)
    Task {
        let keys = try await TokenKeys(secret: Array("a secret for fuzzing with 32 bytes".utf8))
        ours.withLock { $0 = (keys, TokenVerifier(keys: keys)) }
        isReady.signal()
    }
    isReady.wait()
    return 0
}

/// The first byte chooses: the text as a token, or the text as the claims of a token that we sign ourselves, so that
/// what lies behind the signature is reached too.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokens(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first, let (keys, verifier) = ours.withLock({ $0 }) else { return 0 }
    let bytes = Array(input.dropFirst())
    if first & 1 == 0 {
        let text = String(decoding: bytes, as: UTF8.self)
        precondition((try? verifier.verify(text, at: now)) == nil, "a foreign text is a token")
        _ = RefreshPolicy.lookupKey(of: text)
        if let decoded = Base64URL.decode(bytes[...]) {
            precondition(Array(Base64URL.encode(decoded).utf8) == bytes, "two texts for the same bytes")
        }
    } else {
        let head = #"{"alg":"HS256","kid":"\#(keys.signingKeyIdentifier)","typ":"JWT"}"#
        let signed = Base64URL.encode(Array(head.utf8)) + "." + Base64URL.encode(bytes)
        let token = signed + "." + Base64URL.encode(keys.sign(Array(signed.utf8)))
        guard let claims = try? verifier.verify(token, at: now) else { return 0 }
        precondition(claims.bearer.id > 0 && claims.expiresAt > now && claims.issuedAt <= now + 31_000)
    }
    return 0
}

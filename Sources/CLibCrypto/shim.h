// The system's OpenSSL, for the password hash alone. Only `Identity` imports this.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

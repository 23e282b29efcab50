/* An upper bound, not a product: the least that one thread with epoll can do for the driver socket and still answer.
 * cc -O2 -o bound bound.c -lcrypto; bound PORT
 * It accepts, answers the upgrade, unmasks every frame, looks for the message's kind, reads the two coordinates, and sends the pongs
 * of one read in one write. No tokens, no checks, no timers, no limits, no storage. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct phone {
    int fd, open;
    size_t kept;
    unsigned char *rest;
    double latitude, longitude;
};

static unsigned char in[1 << 17];
static char out[1 << 17];
static size_t used;

static void put(const char *bytes, size_t count) {
    if (used + count > sizeof out) return;
    memcpy(out + used, bytes, count);
    used += count;
}

static size_t upgrade(struct phone *p, size_t count) {
    char *end = memmem(in, count, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    char *key = strcasestr((char *)in, "\r\nsec-websocket-key:");
    if (!key) return 0;
    key += 20;
    key += strspn(key, " ");
    char joined[128];
    int length = snprintf(joined, sizeof joined, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r "), key);
    unsigned char hash[EVP_MAX_MD_SIZE], text[64];
    EVP_Digest(joined, length, hash, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock(text, hash, 20);
    used += sprintf(out + used,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", text);
    p->open = 1;
    return (size_t)(end + 4 - (char *)in);
}

static void message(struct phone *p, char *text, size_t count) {
    char next = text[count];
    text[count] = 0;
    if (memmem(text, count, "\"ping\"", 6)) {
        put("\x81\x0f{\"type\":\"pong\"}", 17);
    } else {
        char *latitude = strstr(text, "\"latitude\":"), *longitude = strstr(text, "\"longitude\":");
        if (latitude && longitude) p->latitude = strtod(latitude + 11, NULL), p->longitude = strtod(longitude + 12, NULL);
    }
    text[count] = next;
}

/* Returns the bytes taken, or -1 to close. */
static long frames(struct phone *p, size_t from, size_t count) {
    while (count - from >= 6) {
        unsigned char *f = in + from;
        size_t length = f[1] & 127, head = 6;
        if (length == 126) {
            if (count - from < 8) break;
            length = f[2] << 8 | f[3];
            head = 8;
        } else if (length == 127) {
            return -1;
        }
        if (length > 65000) return -1;
        if (count - from < head + length) break;
        unsigned char *mask = f + head - 4, *payload = f + head;
        for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
        int opcode = f[0] & 15;
        if (opcode == 8) return -1;
        if (opcode <= 2) message(p, (char *)payload, length);
        from += head + length;
    }
    return (long)from;
}

static void gone(struct phone *p) {
    close(p->fd);
    free(p->rest);
    free(p);
}

static void readable(struct phone *p) {
    memcpy(in, p->rest, p->kept);
    ssize_t got = recv(p->fd, in + p->kept, sizeof in - 1 - p->kept, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return gone(p);
    size_t count = p->kept + got, from = 0;
    used = 0;
    if (!p->open) from = upgrade(p, count);
    long end = p->open ? frames(p, from, count) : (long)from;
    if (end < 0) return gone(p);
    if (used) send(p->fd, out, used, MSG_NOSIGNAL);
    p->kept = count - end;
    if (p->kept) {
        p->rest = realloc(p->rest, p->kept);
        memcpy(p->rest, in + end, p->kept);
    } else {
        free(p->rest);
        p->rest = NULL;
    }
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int one = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(door, (void *)&here, sizeof here) || listen(door, 4096)) return perror("bind"), 1;
    struct epoll_event wanted = {.events = EPOLLIN}, ready[512];
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &wanted);
    for (;;) {
        int count = epoll_wait(poll, ready, 512, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.ptr) {
                readable(ready[i].data.ptr);
                continue;
            }
            for (int fd; (fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                struct phone *p = calloc(1, sizeof *p);
                p->fd = fd;
                wanted.data.ptr = p;
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
            }
        }
    }
}

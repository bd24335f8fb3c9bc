/* A Socket.IO server that is never the bottleneck: it parses next to nothing and writes frames that it made before.
 *
 * It speaks revision 1 (websocket and xhr-polling) and Engine.IO 4 (websocket only), as far as the clients of this
 * harness need it, and trusts them. It listens on a port of 127.0.0.1 that it prints, and ends when stdin is closed.
 *
 * What it does is asked for by events:
 *   flood COUNT SIZE   COUNT events "news" whose frames have SIZE bytes, then an event "done"
 *   sink COUNT         after COUNT more packets have come, an event "done"
 *   ask COUNT SIZE     both: the client answers each "news" with a packet; at most WINDOW of them are unanswered
 *   ask for acks COUNT SIZE   the same, in revision 1 only: each "news" has an id, and the client acknowledges it
 * Every event with an id is acknowledged with ["ok"], and every noop with an id.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4096, INPUT = 1 << 18, BLOCK = 1 << 18, WINDOW = 1000, HEAD = 256, POLL_FRAMES = 1000 };

typedef struct { char *data; size_t length, room; } Bytes;

typedef struct {
    int fd, websocket, eio, session;
    char *input;                        /* what came and is not understood yet */
    size_t filled;
    size_t skip;                        /* bytes of a long frame's payload that do not matter */
    Bytes out;                          /* what must be written before anything else */
    size_t written;
} Connection;

typedef struct {
    int used, greeted, poller;          /* poller: the connection whose GET waits, or -1 */
    Connection *link;                   /* over websocket */
    Bytes frame;                        /* one frame of the flood, as it goes over the wire */
    Bytes block;                        /* many of them */
    size_t offset;                      /* in the block */
    long left, unanswered, sink;        /* sink: packets to come until "done", or -1 */
    int asks, done;                     /* done: "done" must follow the flood */
    Bytes queue;                        /* polling: frames with their lengths */
    long queued;
} Session;

static Connection *connections[MOST];
static Session sessions[MOST];
static int count, sessions_used;

static void fail(const char *what) { perror(what); exit(1); }

static void append(Bytes *bytes, const void *data, size_t length) {
    if (bytes->length + length > bytes->room) {
        bytes->room = (bytes->length + length) * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        if (!bytes->data) fail("realloc");
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void text(Bytes *bytes, const char *string) { append(bytes, string, strlen(string)); }

/* SHA-1 and base64, for the answer to an upgrade: RFC 3174 and RFC 4648. */

static uint32_t turn(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1(const char *data, size_t length, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char padded[192] = {0};
    size_t total = (length + 8) / 64 * 64 + 64;
    memcpy(padded, data, length);
    padded[length] = 0x80;
    for (int i = 0; i < 8; i++) padded[total - 1 - i] = (unsigned char)((uint64_t)length * 8 >> (8 * i));
    for (size_t at = 0; at < total; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)padded[at + 4 * i] << 24 | padded[at + 4 * i + 1] << 16 | padded[at + 4 * i + 2] << 8 |
                   padded[at + 4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                                  : (b ^ c ^ d) + 0xCA62C1D6;
            uint32_t next = turn(a, 5) + f + e + w[i];
            e = d, d = c, c = turn(b, 30), b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void accept_key(const char *key, char answer[29]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char joined[128];
    unsigned char digest[21] = {0};
    snprintf(joined, sizeof joined, "%.64s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(joined, strlen(joined), digest);
    for (int i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)digest[3 * i] << 16 | digest[3 * i + 1] << 8 | digest[3 * i + 2];
        for (int j = 0; j < 4; j++) answer[4 * i + j] = digits[three >> (18 - 6 * j) & 63];
    }
    answer[27] = '=', answer[28] = 0;
}

/* Frames */

static size_t frame_head(unsigned char head[10], size_t length) {
    head[0] = 0x81;
    if (length < 126) return head[1] = (unsigned char)length, 2;
    if (length < 65536) return head[1] = 126, head[2] = (unsigned char)(length >> 8), head[3] = (unsigned char)length, 4;
    head[1] = 127;
    for (int i = 0; i < 8; i++) head[2 + i] = (unsigned char)((uint64_t)length >> (56 - 8 * i));
    return 10;
}

static void append_frame(Bytes *bytes, int websocket, const char *payload, size_t length) {
    unsigned char head[10];
    char polled[40];
    if (websocket) append(bytes, head, frame_head(head, length));
    else append(bytes, polled, (size_t)snprintf(polled, sizeof polled, "\xef\xbf\xbd%zu\xef\xbf\xbd", length));
    append(bytes, payload, length);
}

static void say(Session *session, const char *packet) {
    Connection *link = session->link;
    append_frame(link ? &link->out : &session->queue, link != NULL, packet, strlen(packet));
    session->queued++;
}

static void say_event(Session *session, const char *name) {
    char packet[64];
    int eio = session->link && session->link->eio;
    snprintf(packet, sizeof packet, eio ? "42[\"%s\"]" : "5:::{\"name\":\"%s\"}", name);
    say(session, packet);
}

static void prepare_flood(Session *session, long size, int acks) {
    int websocket = session->link != NULL, eio = websocket && session->link->eio;
    const char *head = eio ? "42[\"news\",\"" : acks ? "5:7+::{\"name\":\"news\",\"args\":[\"" : "5:::{\"name\":\"news\",\"args\":[\"", *tail = eio ? "\"]" : "\"]}";
    Bytes packet = {0};
    text(&packet, head);
    while ((long)(packet.length + strlen(tail)) < size) text(&packet, "x");
    text(&packet, tail);
    session->frame.length = session->block.length = session->offset = 0;
    append_frame(&session->frame, websocket, packet.data, packet.length);
    do append(&session->block, session->frame.data, session->frame.length);
    while (session->block.length + session->frame.length <= BLOCK);
    free(packet.data);
}

/* What clients ask for */

static void counted(Session *session) {
    if (session->asks) session->unanswered--;
    if (session->sink > 0 && --session->sink == 0) say_event(session, "done");
}

/* The arguments follow the name in 42["flood",1,2], and are a list of their own in {"name":"flood","args":[1,2]}. */
static const char *arguments(const char *packet) {
    const char *at = strstr(packet, "\"args\"");
    at = strpbrk(at ? at : packet, at ? "[" : ",");
    return at ? at + 1 : "";
}

static int command(Session *session, const char *packet) {
    long number = 0, size = 60;
    int acks = strstr(packet, "\"ask for acks\"") != NULL, asks = acks || strstr(packet, "\"ask\"");
    if (asks || strstr(packet, "\"flood\"")) {
        sscanf(arguments(packet), " %ld , %ld", &number, &size);
        prepare_flood(session, size, acks);
        session->left = number, session->unanswered = 0;
        session->asks = asks, session->done = !asks;
        session->sink = asks ? number : -1;
        return 1;
    }
    if (strstr(packet, "\"sink\"")) {
        sscanf(arguments(packet), " %ld", &session->sink);
        session->asks = 0;
        return 1;
    }
    return 0;
}

/* The first HEAD bytes of a packet are all that anybody looks at. */
static void packet_came(Session *session, const char *packet) {
    char answer[64];
    int eio = session->link && session->link->eio;
    long id;
    if (eio) {
        if (packet[0] == '2') return say(session, "3");
        if (strncmp(packet, "40", 2) == 0) return say(session, "40{\"sid\":\"x\"}"), say_event(session, "hello");
        if (strncmp(packet, "42", 2) != 0 || command(session, packet)) return;
        if (sscanf(packet, "42%ld", &id) == 1) snprintf(answer, sizeof answer, "43%ld[\"ok\"]", id), say(session, answer);
        return counted(session);
    }
    if (packet[0] == '8' && sscanf(packet, "8:%ld", &id) == 1) {
        snprintf(answer, sizeof answer, "6:::%ld", id);
        return say(session, answer);
    }
    if (!strchr("3456", packet[0]) || command(session, packet)) return;
    if (sscanf(packet + 1, ":%ld", &id) == 1) snprintf(answer, sizeof answer, "6:::%ld+[\"ok\"]", id), say(session, answer);
    counted(session);
}

/* Websocket input */

static size_t take_frame(Connection *link, unsigned char *data, size_t length) {
    if (length < 2) return 0;
    size_t size = data[1] & 127, at = 2;
    if (size >= 126) {
        at = size == 126 ? 4 : 10;
        if (length < at) return 0;
        size = 0;
        for (size_t i = 2; i < at; i++) size = size << 8 | data[i];
    }
    size_t shown = size < HEAD ? size : HEAD;
    if (length < at + 4 + shown) return 0;
    unsigned char *mask = data + at, *payload = data + at + 4;
    char packet[HEAD + 1];
    for (size_t i = 0; i < shown; i++) packet[i] = (char)(payload[i] ^ mask[i & 3]);
    packet[shown] = 0;
    if ((data[0] & 15) == 8) shutdown(link->fd, SHUT_RDWR);
    else if ((data[0] & 15) == 1) packet_came(&sessions[link->session], packet);
    size_t whole = at + 4 + size;
    if (whole > length) link->skip = whole - length;
    return whole < length ? whole : length;
}

/* HTTP */

static void answer_http(Connection *link, const char *body, size_t length) {
    char head[200];
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: %zu\r\n"
             "Connection: keep-alive\r\n\r\n", length);
    text(&link->out, head);
    append(&link->out, body, length);
}

static void fill_queue(Session *session) {
    long most = session->asks ? WINDOW - session->unanswered : POLL_FRAMES;
    for (long i = 0; i < most && i < POLL_FRAMES && session->left; i++, session->left--, session->queued++) {
        append(&session->queue, session->frame.data, session->frame.length);
        session->unanswered += session->asks;
        if (session->queue.length > BLOCK) break;
    }
    if (!session->left && session->done) session->done = 0, say_event(session, "done");
}

static void answer_poll(Session *session) {
    if (session->poller < 0 || !session->used) return;
    fill_queue(session);
    if (!session->queued) return;
    const char *body = session->queue.data;
    size_t length = session->queue.length;
    if (session->queued == 1) {
        const char *second = memmem(body + 3, length - 3, "\xef\xbf\xbd", 3);
        length -= (size_t)(second + 3 - body), body = second + 3;
    }
    answer_http(connections[session->poller], body, length);
    session->queue.length = 0, session->queued = 0, session->poller = -1;
}

static void posted(Session *session, char *body, size_t length) {
    const char *mark = "\xef\xbf\xbd";
    char packet[HEAD + 1];
    for (char *end = body + length; body < end;) {
        size_t size = (size_t)(end - body);
        if (size > 3 && memcmp(body, mark, 3) == 0) {
            size = strtoul(body + 3, &body, 10);
            body += 3;
        }
        size_t shown = size < HEAD ? size : HEAD;
        memcpy(packet, body, shown);
        packet[shown] = 0;
        packet_came(session, packet);
        body += size;
    }
}

static void upgrade(Connection *link, const char *head, int eio) {
    char key[29], answer[300];
    const char *name = strcasestr(head, "sec-websocket-key:");
    char value[80] = "";
    if (name) sscanf(name + 18, " %79[^\r]", value);
    accept_key(value, key);
    snprintf(answer, sizeof answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n", key);
    text(&link->out, answer);
    link->websocket = 1, link->eio = eio;
    sessions[link->session].link = link;
    if (eio) say(&sessions[link->session], "0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":300000,\"pingTimeout\":300000,"
                 "\"maxPayload\":100000000}");
    else say(&sessions[link->session], "1::"), say_event(&sessions[link->session], "hello");
}

static int new_session(void) {
    int id = sessions_used++ % MOST;
    Session *session = &sessions[id];
    free(session->frame.data), free(session->block.data), free(session->queue.data);
    memset(session, 0, sizeof *session);
    session->used = 1, session->poller = -1, session->sink = -1;
    return id;
}

static size_t take_request(int index, char *data, size_t length) {
    Connection *link = connections[index];
    char *end = memmem(data, length, "\r\n\r\n", 4), body[80];
    if (!end) return 0;
    size_t head = (size_t)(end + 4 - data), size = 0;
    *end = 0;
    const char *field = strcasestr(data, "\r\ncontent-length:");
    if (field) size = strtoul(field + 17, NULL, 10);
    int is_large = size > INPUT / 2;    /* a single packet: it is not read to its end before it is answered */
    if (length < head + (is_large ? HEAD : size)) return *end = '\r', 0;
    if (strncmp(data, "GET /socket.io/1/websocket/", 27) == 0) {
        link->session = atoi(data + 27);
        upgrade(link, data, 0);
    } else if (strncmp(data, "GET /socket.io/?", 16) == 0) {
        link->session = new_session();
        upgrade(link, data, 1);
    } else if (strncmp(data + 4 + (data[0] == 'P'), "/socket.io/1/xhr-polling/", 25) == 0) {
        Session *session = &sessions[atoi(data + 29 + (data[0] == 'P'))];
        if (data[0] == 'P') {
            posted(session, end + 4, is_large ? HEAD : size);
            answer_http(link, "1", 1);
        } else {
            session->poller = index;
            if (!session->greeted) session->greeted = 1, say(session, "1::");
            else if (session->greeted == 1) session->greeted = 2, say_event(session, "hello");
        }
        answer_poll(session);
    } else {
        snprintf(body, sizeof body, "%d:60:60:websocket,xhr-polling", new_session());
        answer_http(link, body, strlen(body));
    }
    if (head + size > length) return link->skip = head + size - length, length;
    return head + size;
}

/* The loop */

static int read_some(int index) {
    Connection *link = connections[index];
    ssize_t got = recv(link->fd, link->input + link->filled, INPUT - link->filled, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    link->filled += (size_t)got;
    size_t at = 0;
    while (at < link->filled) {
        if (link->skip) {
            size_t some = link->skip < link->filled - at ? link->skip : link->filled - at;
            link->skip -= some, at += some;
            continue;
        }
        size_t used = link->websocket ? take_frame(link, (unsigned char *)link->input + at, link->filled - at)
                                      : take_request(index, link->input + at, link->filled - at);
        if (!used) break;
        at += used;
    }
    memmove(link->input, link->input + at, link->filled -= at);
    return 1;
}

/* Write; return 1 if there is more, 0 if not, -1 at the end. */
static int write_some(Connection *link) {
    Session *session = &sessions[link->session];
    for (;;) {
        ssize_t sent;
        size_t rest = session->link == link && session->offset ? session->offset % session->frame.length : 0;
        if (link->written < link->out.length && !rest) {
            sent = send(link->fd, link->out.data + link->written, link->out.length - link->written, MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN ? 1 : -1;
            link->written += (size_t)sent;
            continue;
        }
        if (!rest) link->written = link->out.length = 0;
        if (!link->websocket || session->link != link || (!session->left && !session->offset)) return 0;
        /* Whole frames only, unless the socket takes less. */
        size_t frame = session->frame.length, length = session->block.length - session->offset;
        long most = session->asks && session->left > WINDOW - session->unanswered ? WINDOW - session->unanswered : session->left;
        size_t allowed = (rest ? frame - rest : 0) + (size_t)(most > 0 ? most : 0) * frame;
        if (rest && link->written < link->out.length) allowed = frame - rest;
        if (!allowed) return 0;
        if (length > allowed) length = allowed;
        sent = send(link->fd, session->block.data + session->offset, length, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN ? 1 : -1;
        size_t before = (session->offset + frame - 1) / frame, after = (session->offset + (size_t)sent + frame - 1) / frame;
        session->left -= (long)(after - before);
        session->unanswered += session->asks ? (long)(after - before) : 0;
        session->offset += (size_t)sent;
        if (session->offset == session->block.length) session->offset = 0;
        if (session->left == 0 && session->offset % frame == 0) {
            session->offset = 0;
            if (session->done) session->done = 0, say_event(session, "done");
        }
    }
}

static void open_connection(int fd) {
    int one = 1;
    if (count == MOST) { close(fd); return; }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Connection *link = calloc(1, sizeof *link);
    link->fd = fd, link->input = malloc(INPUT), link->session = MOST - 1;
    connections[count++] = link;
}

static void close_connection(int index) {
    Connection *link = connections[index];
    for (int i = 0; i < MOST; i++) {
        if (sessions[i].link == link) sessions[i].link = NULL, sessions[i].used = 0;
        if (sessions[i].poller == index) sessions[i].poller = -1;
        if (sessions[i].poller == count - 1) sessions[i].poller = index;
    }
    close(link->fd);
    free(link->input), free(link->out.data), free(link);
    connections[index] = connections[--count];
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    static struct pollfd polled[MOST + 2];
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("listening %d flood.c\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = 0, .events = POLLIN};
        int watched = count;
        for (int i = 0; i < watched; i++) {
            int more = write_some(connections[i]);
            polled[i + 2] = (struct pollfd){.fd = connections[i]->fd, .events = (short)(POLLIN | (more > 0 ? POLLOUT : 0))};
        }
        if (poll(polled, (nfds_t)watched + 2, -1) < 0 && errno != EINTR) fail("poll");
        if (polled[1].revents) return 0;
        for (int i = watched - 1; i >= 0; i--)
            if (polled[i + 2].revents & ~POLLOUT && !read_some(i)) close_connection(i);
        if (polled[0].revents) {
            int fd;
            while ((fd = accept(listener, NULL, NULL)) >= 0) open_connection(fd);
        }
    }
}

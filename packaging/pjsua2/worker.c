/* What a SIP worker needs of PJSIP that its Python binding does not have.
 *
 * Whom it answers at all: a PJSIP module that sees requests before all others. It is in C because a flood must cost less than a
 * call into Python. PJSIP's one thread runs all of it, so nothing is locked. A worker is no registrar and asks nobody for a
 * password: whoever sends one is guessing.
 */
#include <math.h>
#include <pjlib.h>
#include <pjsip.h>
#include <pjsua-lib/pjsua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define MAX_NETWORKS 1024
#define SOURCES 8192 /* of which the state is kept; a power of two */
#define PROBES 8     /* places in which a source may be; the one that was quiet the longest is given away */

typedef struct {
    unsigned char address[16];
} address;

typedef struct {
    address base;
    int bits;
} network;

typedef struct {
    address who;
    int used;
    double tokens;
    double seen;
    int failures;
    double failed;
    double locked_until;
} source;

static network networks[MAX_NETWORKS];
static int network_count;
static source sources[SOURCES];
static double rate, capacity, lockout;
static int most_failures;
static int without_udp;
/* Strangers, too many, locked out, passwords tried, lock-outs, strangers' connections. */
static unsigned long long counts[6];
static char last_locked[PJ_INET6_ADDRSTRLEN + 8];
static pjsip_tp_state_callback next_state_callback;

/* IPv4 as IPv6 maps it, so that there is one kind of address. */
static int read_address(const pj_sockaddr *from, address *to) {
    if (from->addr.sa_family == pj_AF_INET()) {
        memset(to->address, 0, 10);
        memset(to->address + 10, 0xff, 2);
        memcpy(to->address + 12, &from->ipv4.sin_addr, 4);
        return 1;
    }
    if (from->addr.sa_family == pj_AF_INET6()) {
        memcpy(to->address, &from->ipv6.sin6_addr, 16);
        return 1;
    }
    return 0;
}

static int is_in(const address *who, const network *where) {
    int whole = where->bits / 8, rest = where->bits % 8;
    if (memcmp(who->address, where->base.address, whole) != 0) return 0;
    return rest == 0 || ((who->address[whole] ^ where->base.address[whole]) >> (8 - rest)) == 0;
}

static int is_allowed(const address *who) {
    for (int i = 0; i < network_count; i++)
        if (is_in(who, &networks[i])) return 1;
    return 0;
}

static double now_s(void) {
    pj_time_val now;
    pj_gettickcount(&now);
    return now.sec + now.msec / 1000.0;
}

static source *state_of(const address *who, double now) {
    unsigned hash = 2166136261u;
    source *oldest = NULL;
    for (int i = 0; i < 16; i++) hash = (hash ^ who->address[i]) * 16777619u;
    for (int i = 0; i < PROBES; i++) {
        source *found = &sources[(hash + i) & (SOURCES - 1)];
        if (found->used && memcmp(&found->who, who, sizeof *who) == 0) return found;
        if (oldest == NULL || !found->used || (oldest->used && found->seen < oldest->seen)) oldest = found;
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->who = *who;
    oldest->used = 1;
    oldest->tokens = capacity;
    oldest->seen = now;
    return oldest;
}

static void answer(pjsip_rx_data *rdata, int code) {
    pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata, code, NULL, NULL, NULL);
}

static int tries_password(const pjsip_rx_data *rdata) {
    const pjsip_msg *message = rdata->msg_info.msg;
    return message->line.req.method.id == PJSIP_REGISTER_METHOD || pjsip_msg_find_hdr(message, PJSIP_H_AUTHORIZATION, NULL) != NULL ||
           pjsip_msg_find_hdr(message, PJSIP_H_PROXY_AUTHORIZATION, NULL) != NULL;
}

/* A peer whose Contact names no transport is to be asked by UDP; where there is none, PJSIP would refuse its call. */
static void stay_with_transport(pjsip_rx_data *rdata) {
    pjsip_transport *transport = rdata->tp_info.transport;
    pjsip_contact_hdr *contact;
    pjsip_sip_uri *uri;

    if (!without_udp || !PJSIP_TRANSPORT_IS_RELIABLE(transport)) return;
    contact = (pjsip_contact_hdr *)pjsip_msg_find_hdr(rdata->msg_info.msg, PJSIP_H_CONTACT, NULL);
    if (contact == NULL || contact->star || contact->uri == NULL) return;
    uri = (pjsip_sip_uri *)pjsip_uri_get_uri(contact->uri);
    if (!PJSIP_URI_SCHEME_IS_SIP(uri) || uri->transport_param.slen != 0) return;
    uri->transport_param = PJSIP_TRANSPORT_IS_SECURE(transport) ? pj_str("tls") : pj_str("tcp");
}

static pj_bool_t on_response(pjsip_rx_data *rdata) {
    stay_with_transport(rdata);
    return PJ_FALSE;
}

static pj_bool_t on_request(pjsip_rx_data *rdata) {
    pjsip_method_e method = rdata->msg_info.msg->line.req.method.id;
    address who;
    source *from;
    double now = now_s();

    if (!read_address(&rdata->pkt_info.src_addr, &who) || !is_allowed(&who)) {
        counts[0]++;
        return PJ_TRUE;
    }
    stay_with_transport(rdata);
    from = state_of(&who, now);
    if (now < from->locked_until) {
        counts[2]++;
        return PJ_TRUE;
    }
    from->tokens = fmin(capacity, from->tokens + (now - from->seen) * rate);
    from->seen = now;
    if (tries_password(rdata)) {
        counts[3]++;
        from->failures = now - from->failed > lockout ? 1 : from->failures + 1;
        from->failed = now;
        if (from->failures >= most_failures) {
            from->locked_until = now + lockout;
            from->failures = 0;
            counts[4]++;
            pj_sockaddr_print(&rdata->pkt_info.src_addr, last_locked, sizeof last_locked, 0);
        }
        answer(rdata, PJSIP_SC_FORBIDDEN);
        return PJ_TRUE;
    }
    /* PJSIP answers OPTIONS within a call with 500, which some carriers take for the call's end. */
    if (method == PJSIP_OPTIONS_METHOD && rdata->msg_info.to->tag.slen > 0 &&
        pjsip_ua_find_dialog(&rdata->msg_info.cid->id, &rdata->msg_info.to->tag, &rdata->msg_info.from->tag, PJ_FALSE)) {
        answer(rdata, PJSIP_SC_OK);
        return PJ_TRUE;
    }
    /* What belongs to a dialog or a transaction that was let in is never in the way of it. */
    if (method == PJSIP_ACK_METHOD || method == PJSIP_CANCEL_METHOD || rdata->msg_info.to->tag.slen > 0) return PJ_FALSE;
    if (from->tokens < 1) {
        counts[1]++;
        answer(rdata, PJSIP_SC_SERVICE_UNAVAILABLE);
        return PJ_TRUE;
    }
    from->tokens -= 1;
    return PJ_FALSE;
}

/* What nobody else takes: without an answer the peer would ask again and again, and think that nobody is there. */
static pj_bool_t on_unknown(pjsip_rx_data *rdata) {
    pjsip_method_e method = rdata->msg_info.msg->line.req.method.id;
    const pjsip_hdr *allowed = pjsip_endpt_get_capability(pjsua_get_pjsip_endpt(), PJSIP_H_ALLOW, NULL);
    pjsip_hdr headers;

    if (method == PJSIP_ACK_METHOD) return PJ_TRUE;
    pj_list_init(&headers);
    if (allowed) pj_list_push_back(&headers, pjsip_hdr_clone(rdata->tp_info.pool, allowed));
    pjsip_endpt_respond_stateless(pjsua_get_pjsip_endpt(), rdata,
                                  method == PJSIP_CANCEL_METHOD ? PJSIP_SC_CALL_TSX_DOES_NOT_EXIST : PJSIP_SC_METHOD_NOT_ALLOWED,
                                  NULL, &headers, NULL);
    return PJ_TRUE;
}

/* A stranger's connections would take the places of those of the PBX. */
static void on_transport(pjsip_transport *transport, pjsip_transport_state state, const pjsip_transport_state_info *info) {
    address who;
    if (state == PJSIP_TP_STATE_CONNECTED && transport->dir == PJSIP_TP_DIR_INCOMING &&
        (!read_address(&transport->key.rem_addr, &who) || !is_allowed(&who))) {
        counts[5]++;
        pjsip_transport_shutdown2(transport, PJ_TRUE);
    }
    if (next_state_callback) next_state_callback(transport, state, info);
}

static pjsip_module module = {
    .name = {"mod-tieline-guard", 17},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_TRANSPORT_LAYER - 1,
    .on_rx_request = on_request,
    .on_rx_response = on_response,
};

static pjsip_module last = {
    .name = {"mod-tieline-last", 16},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_APPLICATION + 1,
    .on_rx_request = on_unknown,
};

/* Allow an address or network, as text; 0 when it is one. */
EXPORTED int tieline_guard_allow(const char *text) {
    char base[PJ_INET6_ADDRSTRLEN + 8];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    pj_sockaddr parsed;
    pj_str_t name;
    int bits;

    if (network_count == MAX_NETWORKS || length >= sizeof base) return -1;
    memcpy(base, text, length);
    base[length] = 0;
    name = pj_str(base);
    if (pj_sockaddr_parse(pj_AF_UNSPEC(), 0, &name, &parsed) != PJ_SUCCESS) return -1;
    if (!read_address(&parsed, &networks[network_count].base)) return -1;
    bits = parsed.addr.sa_family == pj_AF_INET() ? 96 + (slash ? atoi(slash + 1) : 32) : (slash ? atoi(slash + 1) : 128);
    if (bits < 0 || bits > 128) return -1;
    networks[network_count++].bits = bits;
    return 0;
}

/* Begin to look at requests; 0, or PJSIP's status. To be called on PJSIP's thread, before there is a transport. */
EXPORTED int tieline_guard_start(double requests_per_s, int burst, int max_failures, double lockout_s) {
    rate = requests_per_s;
    capacity = burst;
    most_failures = max_failures;
    lockout = lockout_s;
    next_state_callback = pjsip_tpmgr_get_state_cb(pjsip_endpt_get_tpmgr(pjsua_get_pjsip_endpt()));
    pjsip_tpmgr_set_state_cb(pjsip_endpt_get_tpmgr(pjsua_get_pjsip_endpt()), &on_transport);
    if (pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &last) != PJ_SUCCESS) return -1;
    return pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &module);
}

/* There will be no transport by UDP. */
EXPORTED void tieline_without_udp(void) { without_udp = 1; }

/* What was refused since the process began, in the order of `counts`. */
EXPORTED void tieline_guard_counts(unsigned long long *into) { memcpy(into, counts, sizeof counts); }

/* The source that was locked out last; empty when none was. */
EXPORTED const char *tieline_guard_last_locked(void) { return last_locked; }

/* Print nothing, not even while PJSIP begins: its log holds callers' numbers. */
EXPORTED void tieline_quiet(void) { pj_log_set_level(0); }

/* Calls that this build has room for. */
EXPORTED int tieline_max_calls(void) { return PJSUA_MAX_CALLS; }

/* The codecs of this build, by PJSIP's names, a blank between two. */
EXPORTED const char *tieline_codecs(void) {
    return "PCMU/8000 PCMA/8000"
#if PJMEDIA_HAS_G722_CODEC
           " G722/16000"
#endif
#if PJMEDIA_HAS_OPUS_CODEC
           " opus/48000"
#endif
        ;
}

/* Gateway build: headless server, many calls. */
#define PJSUA_MAX_CALLS            1024
#define PJSUA_MAX_ACC              256
#define PJSUA_MAX_PLAYERS          1024
#define PJSUA_MAX_RECORDERS        1024
#define PJSUA_MAX_CONF_PORTS       4096
#define PJSUA_MAX_BUDDIES          256
#define PJ_IOQUEUE_MAX_HANDLES     8192
#define PJ_IOQUEUE_MAX_EVENTS_IN_SINGLE_POLL 64
#define PJSIP_MAX_TRANSPORTS       1024
#define PJSIP_MAX_TSX_COUNT        (32*1024-1)
#define PJSIP_MAX_DIALOG_COUNT     (16*1024-1)
#define PJSIP_MAX_PKT_LEN          8192     /* of each message that is sent so much is kept for half a minute */
#define PJSIP_MAX_URL_SIZE         1024
#define PJSIP_MAX_TIMED_OUT_ENTRIES 256
#define PJSIP_UDP_SO_RCVBUF_SIZE   4194304
#define PJSIP_UDP_SO_SNDBUF_SIZE   4194304
#define PJSIP_SAFE_MODULE          1
#define PJ_ENABLE_EXTRA_CHECK      1      /* PJ_ASSERT_RETURN still checks with NDEBUG */
#define PJ_HAS_IPV6                1
#define PJMEDIA_HAS_VIDEO          0
#define PJMEDIA_HAS_SRTP           1
#define PJMEDIA_HAS_SPEEX_AEC      0
#define PJMEDIA_HAS_WEBRTC_AEC     0
#define PJMEDIA_AUDIO_DEV_HAS_ALSA 0
#define PJMEDIA_CONF_USE_AGC       0
#define PJMEDIA_HAS_L16_CODEC      1
#define PJ_LOG_MAX_LEVEL           5
#define PJMEDIA_RTP_PT_TELEPHONE_EVENTS 101 /* what everybody takes; some assume it */
#define PJ_GETHOSTIP_DISABLE_LOCAL_RESOLUTION 1 /* our address is the route's: no name is asked for with every call */

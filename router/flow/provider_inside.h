#ifndef ROUTER_FLOW_PROVIDER_INSIDE_H
#define ROUTER_FLOW_PROVIDER_INSIDE_H

/*
 * provider_inside: the insides of flow/provider.h: provider.c has the turns and says who may ask now, provider_job.c
 * takes one call from step to step, provider_bills.c fetches bills.
 */
#include "flow/provider_api.h"
#include "store/provider_work.h"

#define PROVIDER_JOBS_MAX 1024     /* calls in hand at once */
#define PROVIDER_NUMBER_MAX 64     /* bytes of a call's number: the table's CHECK */
#define PROVIDER_TURN_MAX 64       /* of them, new ones of one look */
#define PROVIDER_PAYER_JOBS_MAX 48 /* of one payer: his rate must not make others wait */
#define PROVIDER_PAYERS_FULL_MAX 64

/* A paying merchant's rate. */
struct provider_payer {
	struct provider_payer *next;
	int64_t due_us;    /* by the rate, the next request; monotonic */
	int64_t paused_us; /* after 429, nothing before */
	int64_t pause_ms;  /* the last one; 0: none */
	int32_t collector;
	int job_count;
	char number[];
};

enum receiver_state { RECEIVER_STRANGE, RECEIVER_KNOWN, RECEIVER_REFUSED };
enum job_ask { ASK_NONE, ASK_RECEIVER, ASK_AMOUNTS, ASK_SEND, ASK_QUERY };

struct provider_job {
	struct provider_queue *queue;
	struct provider_job *next; /* by deadline */
	struct provider_due *due;
	struct provider_payer *payer;
	enum job_ask wants; /* NONE: it waits for the database or an answer */
	enum job_ask asked; /* last */
	struct provider_ask *ask;
	bool fresh;    /* the turn has just brought it */
	bool prepared; /* that it is sent is committed */
	/* the provider refused it: asked whether it knows the number all the same */
	bool refused;
	bool differs;               /* its body is not what was sent under its number */
	enum receiver_state *known; /* by item of a split */
	int64_t unsplit_fen;
	char code[PROVIDER_CODE_SIZE]; /* of the refusal */
	struct buf body;
	struct provider_sending sending;
	struct provider_heard heard;
};

struct provider_bills;

struct provider_queue {
	struct event_base *base;
	const struct conf *conf;
	struct pool *pool;
	struct client *client;
	struct provider_api *api;
	struct event *turn_timer, *pump_timer;
	struct uuid self;
	struct provider_turn turn;
	/* of in_hand_text: a job may end before the turn is sent */
	const char *in_hand[PROVIDER_JOBS_MAX];
	char in_hand_text[PROVIDER_JOBS_MAX][PROVIDER_NUMBER_MAX + 1];
	int32_t full[PROVIDER_PAYERS_FULL_MAX];
	int taken; /* by the turn under way */
	bool turning, look, leased, draining, released, closing;
	int64_t lease_until_us, turn_sent_us; /* monotonic */
	struct provider_job *jobs;
	int job_count, ask_count;
	int pending; /* transactions that will still call back, and who takes a bill */
	int64_t late;
	struct provider_payer *payers[64]; /* by hash */
	void (*results)(void *ctx);        /* NULL: nobody hears */
	void *results_ctx;
	struct provider_bills *bill;
};

/* Everything that may be asked now is asked; the timer is set for what may be asked next. */
void provider_pump(struct provider_queue *q);
/* Looks for work soon. */
void provider_look(struct provider_queue *q);
/* What calls back says so first.  False: the queue is being freed; touch nothing. */
bool provider_back(struct provider_queue *q) MUST_CHECK;
/* The job is over; it is freed. */
void provider_job_end(struct provider_job *job);
void provider_payer_busy(struct provider_payer *p, int64_t after_s);
void provider_payer_well(struct provider_payer *p);
/* Business time of the ${tries}-th next try: growing, with jitter. */
int64_t provider_later_us(const struct provider_queue *q, int tries);

/* The first step; takes ${job}. */
void provider_job_begin(struct provider_job *job);
/* Asks what it wants: when the pump says so. */
void provider_job_ask(struct provider_job *job);

/* ${*out} lives as long as the queue. */
enum err provider_bills_new(struct provider_bills **out, struct provider_queue *q) MUST_CHECK;
void provider_bills_free(struct provider_bills *b); /* with nothing of it pending */
void provider_bills_cancel(struct provider_bills *b);
/* After a turn of the worker. */
void provider_bills_look(struct provider_bills *b);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The rules of the toy bank and the bugs planted in them, without HTTP.
 *
 * A ledger may be used by several threads. What a function returns is a copy
 * of what it found or booked, taken under the ledger's lock; it is filled in
 * when the function returns LEDGER_OK, and only then. Amounts are positive
 * and below 2^53. Running out of memory ends the program.
 *
 * Of several reasons to refuse, the first of these is told: something named
 * is unknown; a transfer to the same account; a status that forbids it (of an
 * account or authorization); the currency; the amount.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/* Each is independent of the others; a set of them has the bits 1 << bug. */
enum ledger_bug {
	/* A debit is checked against the balance without regard to holds. */
	LEDGER_DEBIT_IGNORES_HOLDS = 1,
	/* An authorization's first capture is not checked against it. */
	LEDGER_FIRST_CAPTURE_UNCHECKED,
	/* Captures are checked one by one, not in sum, and never end it. */
	LEDGER_CAPTURE_SUM_UNCHECKED,
	/* A release after a capture gives back the whole original hold. */
	LEDGER_RELEASE_WHOLE_HOLD,
	/* A credit in another currency is booked as it is. */
	LEDGER_CREDIT_ANY_CURRENCY,
	/* Refunds are checked one by one, not in sum. */
	LEDGER_REFUND_SUM_UNCHECKED,
	/* A closed account takes credits. */
	LEDGER_CREDIT_TO_CLOSED,
	/* Closing with holds is accepted, and the money held is lost. */
	LEDGER_CLOSE_WITH_HOLDS,
	/* A debit lets others in between reading and writing the balance. */
	LEDGER_LOST_UPDATE,
	/* A transfer's key is ignored, so that a retry is a new transfer. */
	LEDGER_RETRY_BOOKED_TWICE,
	/*
	 * Authorizations over 1000 start pending, with their hold. By the
	 * amount modulo 3: 0, authorized after 2 s; 1, declined, without a
	 * hold, when first looked at, and authorized 300 ms after that; 2,
	 * pending forever.
	 */
	LEDGER_SLOW_AUTHORIZATION,
	/* A credit is booked as a signed 32-bit number. */
	LEDGER_CREDIT_WRAPS,

	LEDGER_LAST_BUG = LEDGER_CREDIT_WRAPS
};

enum ledger_error {
	LEDGER_OK,
	LEDGER_NO_SUCH_ACCOUNT,
	LEDGER_NO_SUCH_HOLD,
	LEDGER_NO_SUCH_AUTHORIZATION,
	LEDGER_NO_SUCH_CAPTURE,
	LEDGER_SAME_ACCOUNT,
	LEDGER_ACCOUNT_CLOSED,
	LEDGER_ALREADY_RELEASED,
	LEDGER_NOT_AUTHORIZED,
	LEDGER_HAS_HOLDS,
	LEDGER_CURRENCY_MISMATCH,
	LEDGER_INSUFFICIENT_FUNDS,
	LEDGER_EXCEEDS_AUTHORIZATION,
	LEDGER_EXCEEDS_CAPTURE,
	LEDGER_BALANCE_LIMIT	/* the balance would leave 64 bits */
};

enum ledger_kind {
	LEDGER_ACCOUNT,
	LEDGER_HOLD,
	LEDGER_AUTHORIZATION,
	LEDGER_CAPTURE,
	LEDGER_REFUND,
	LEDGER_TRANSFER,
	LEDGER_KINDS
};

enum ledger_currency { LEDGER_USD, LEDGER_EUR, LEDGER_CURRENCIES };

enum ledger_status {
	LEDGER_PENDING,
	LEDGER_DECLINED,
	LEDGER_AUTHORIZED,
	LEDGER_CAPTURED,
	LEDGER_RELEASED
};

struct ledger_account {
	uint64_t id;
	enum ledger_currency currency;
	int64_t balance;
	int64_t held;		/* part of the balance that is not available */
	bool closed;
};

struct ledger_hold {
	uint64_t id;
	uint64_t account;
	int64_t amount;
	bool released;
};

struct ledger_authorization {
	uint64_t id;
	uint64_t account;
	int64_t amount;
	int64_t captured;	/* sum of the captures */
	int64_t held;		/* what it still holds of the account */
	enum ledger_status status;
	int64_t due;		/* ms when it becomes authorized; 0: never */
};

struct ledger_capture {
	uint64_t id;
	uint64_t authorization;
	uint64_t account;
	int64_t amount;
	int64_t refunded;	/* sum of the refunds */
};

struct ledger_refund {
	uint64_t id;
	int64_t amount;
	struct ledger_capture capture;
};

struct ledger_transfer {
	uint64_t id;
	uint64_t from, to;
	int64_t amount;
	int64_t from_balance, to_balance;
};

/*
 * An empty ledger, freed by ledger_free. With first_id 0 each kind of thing
 * is numbered from 1; otherwise all kinds share one count, from first_id.
 */
struct ledger *ledger_new(uint64_t first_id);
void ledger_free(struct ledger *);

/* Forget everything but the bugs, and number from the start again. */
void ledger_reset(struct ledger *);

unsigned int ledger_bugs(struct ledger *);
void ledger_set_bugs(struct ledger *, unsigned int set);

void ledger_open(struct ledger *, enum ledger_currency,
    struct ledger_account *);
enum ledger_error ledger_account(struct ledger *, uint64_t account,
    struct ledger_account *);
enum ledger_error ledger_credit(struct ledger *, uint64_t account,
    int64_t amount, enum ledger_currency, struct ledger_account *);
enum ledger_error ledger_debit(struct ledger *, uint64_t account,
    int64_t amount, struct ledger_account *);

/* The account as it is then; *paid_out is what its owner got. */
enum ledger_error ledger_close(struct ledger *, uint64_t account,
    int64_t *paid_out, struct ledger_account *);

enum ledger_error ledger_hold(struct ledger *, uint64_t account,
    int64_t amount, struct ledger_hold *, struct ledger_account *);
enum ledger_error ledger_release_hold(struct ledger *, uint64_t hold,
    struct ledger_hold *, struct ledger_account *);

/* An authorization holds its amount until it is captured or released. */
enum ledger_error ledger_authorize(struct ledger *, uint64_t account,
    int64_t amount, struct ledger_authorization *, struct ledger_account *);
enum ledger_error ledger_authorization(struct ledger *,
    uint64_t authorization, struct ledger_authorization *,
    struct ledger_account *);
enum ledger_error ledger_capture(struct ledger *, uint64_t authorization,
    int64_t amount, struct ledger_capture *, struct ledger_authorization *,
    struct ledger_account *);
enum ledger_error ledger_release_authorization(struct ledger *,
    uint64_t authorization, struct ledger_authorization *,
    struct ledger_account *);
enum ledger_error ledger_refund(struct ledger *, uint64_t capture,
    int64_t amount, struct ledger_refund *, struct ledger_account *);

/*
 * With a key (NULL for none) that was used before: what the first transfer
 * with it returned, an error included, and nothing is booked.
 */
enum ledger_error ledger_transfer(struct ledger *, const char *key,
    uint64_t from, uint64_t to, int64_t amount, struct ledger_transfer *);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * toybank: an HTTP server that is a small bank, to test tools that find bugs:
 * it is correct until bugs are planted, by --bugs or PUT /bugs.
 *
 * ledger.h says what the bank's rules and the bugs are; here they get paths,
 * JSON and statuses. With --webhook what an authorization became is not
 * answered, but POSTed to that URL a moment later; --webhook-bug plants one in
 * that: what is about more than 100 is told twice, or never, or with another
 * amount. State is in memory only. Ids are strings ("acc_1") or,
 * with --numeric-ids, integers beyond what a double holds exactly.
 */
#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../serve.h"
#include "ledger.h"
#include "webhook.h"

#define FIRST_NUMERIC_ID UINT64_C(1499816949527975237)
#define LARGEST_AMOUNT UINT64_C(9007199254740991)

enum { ID_TEXT = 32 };	/* a prefix, '_', 20 digits and the end */

enum { CORRECT_UP_TO = 100 };	/* webhooks, whatever their bug */

enum webhook_bug { TOLD_RIGHT, TOLD_TWICE, TOLD_NEVER, TOLD_WRONG };

static const char *const webhook_bugs[] = {
	[TOLD_TWICE] = "twice",
	[TOLD_NEVER] = "never",
	[TOLD_WRONG] = "amount",
};

struct bank {
	struct ledger *ledger;
	bool numeric_ids;
	struct webhook *webhook;	/* NULL: none */
	enum webhook_bug webhook_bug;
};

static const char *const prefixes[LEDGER_KINDS] = {
	[LEDGER_ACCOUNT] = "acc",
	[LEDGER_HOLD] = "hold",
	[LEDGER_AUTHORIZATION] = "auth",
	[LEDGER_CAPTURE] = "cap",
	[LEDGER_REFUND] = "refund",
	[LEDGER_TRANSFER] = "xfer",
};

static const char *const currencies[LEDGER_CURRENCIES] = {
	[LEDGER_USD] = "USD",
	[LEDGER_EUR] = "EUR",
};

static const char *const statuses[] = {
	[LEDGER_PENDING] = "pending",
	[LEDGER_DECLINED] = "declined",
	[LEDGER_AUTHORIZED] = "authorized",
	[LEDGER_CAPTURED] = "captured",
	[LEDGER_RELEASED] = "released",
};

static const struct {
	unsigned int status;
	const char *code;
} refusals[] = {
	[LEDGER_NO_SUCH_ACCOUNT] = { 404, "no_such_account" },
	[LEDGER_NO_SUCH_HOLD] = { 404, "no_such_hold" },
	[LEDGER_NO_SUCH_AUTHORIZATION] = { 404, "no_such_authorization" },
	[LEDGER_NO_SUCH_CAPTURE] = { 404, "no_such_capture" },
	[LEDGER_SAME_ACCOUNT] = { 422, "same_account" },
	[LEDGER_ACCOUNT_CLOSED] = { 409, "account_closed" },
	[LEDGER_ALREADY_RELEASED] = { 409, "already_released" },
	[LEDGER_NOT_AUTHORIZED] = { 409, "not_authorized" },
	[LEDGER_HAS_HOLDS] = { 409, "has_holds" },
	[LEDGER_CURRENCY_MISMATCH] = { 422, "currency_mismatch" },
	[LEDGER_INSUFFICIENT_FUNDS] = { 409, "insufficient_funds" },
	[LEDGER_EXCEEDS_AUTHORIZATION] = { 409, "exceeds_authorization" },
	[LEDGER_EXCEEDS_CAPTURE] = { 409, "exceeds_capture" },
	[LEDGER_BALANCE_LIMIT] = { 409, "balance_limit" },
};

static struct serve_reply
refusal(enum ledger_error error)
{
	return serve_error(refusals[error].status, refusals[error].code);
}

static jv
id_value(const struct bank *bank, enum ledger_kind kind, uint64_t id)
{
	char text[ID_TEXT];

	if (bank->numeric_ids) {
		snprintf(text, sizeof(text), "%" PRIu64, id);
		return jv_number_with_literal(text);
	}
	return jv_string_fmt("%s_%" PRIu64, prefixes[kind], id);
}

/* The id in a path or a string; 0, which no id is, if there is none. */
static uint64_t
read_id(const struct bank *bank, enum ledger_kind kind, const char *text)
{
	uint64_t id;

	if (!bank->numeric_ids) {
		size_t length = strlen(prefixes[kind]);

		if (strncmp(text, prefixes[kind], length) != 0 ||
		    text[length] != '_')
			return 0;
		text += length + 1;
	}
	return serve_is_digits(text, &id) ? id : 0;
}

static uint64_t
path_id(const struct serve_request *request, enum ledger_kind kind)
{
	return read_id(request->context, kind, request->argument);
}

static uint64_t
body_account(struct serve_request *request, const char *member)
{
	const struct bank *bank = request->context;

	if (bank->numeric_ids)
		return serve_integer(request, member, 0, UINT64_MAX,
		    "bad_request");
	return read_id(bank, LEDGER_ACCOUNT, serve_string(request, member));
}

static int64_t
body_amount(struct serve_request *request)
{
	return (int64_t)serve_integer(request, "amount", 1, LARGEST_AMOUNT,
	    "bad_amount");
}

static enum ledger_currency
body_currency(struct serve_request *request)
{
	const char *name = serve_string(request, "currency");

	for (int i = 0; i < LEDGER_CURRENCIES; i++)
		if (strcmp(name, currencies[i]) == 0)
			return (enum ledger_currency)i;
	serve_refuse(request, "bad_currency", "'currency' must be USD or EUR");
	return LEDGER_USD;
}

static struct ledger *
ledger_of(const struct serve_request *request)
{
	const struct bank *bank = request->context;

	return bank->ledger;
}

static struct serve_reply
account_reply(const struct bank *bank, unsigned int status,
    const struct ledger_account *account)
{
	return serve_reply(status, JV_OBJECT(
	    jv_string("account"),
	    id_value(bank, LEDGER_ACCOUNT, account->id),
	    jv_string("currency"), jv_string(currencies[account->currency]),
	    jv_string("balance"), serve_number(account->balance),
	    jv_string("held"), serve_number(account->held),
	    jv_string("status"),
	    jv_string(account->closed ? "closed" : "open")));
}

static struct serve_reply
hold_reply(const struct bank *bank, unsigned int status,
    const struct ledger_hold *hold, const struct ledger_account *account)
{
	return serve_reply(status, JV_OBJECT(
	    jv_string("hold"), id_value(bank, LEDGER_HOLD, hold->id),
	    jv_string("account"),
	    id_value(bank, LEDGER_ACCOUNT, hold->account),
	    jv_string("amount"), serve_number(hold->amount),
	    jv_string("status"),
	    jv_string(hold->released ? "released" : "held"),
	    jv_string("balance"), serve_number(account->balance),
	    jv_string("held"), serve_number(account->held)));
}

static struct serve_reply
authorization_reply(const struct bank *bank, unsigned int status,
    const struct ledger_authorization *authorization,
    const struct ledger_account *account)
{
	return serve_reply(status, JV_OBJECT(
	    jv_string("authorization"),
	    id_value(bank, LEDGER_AUTHORIZATION, authorization->id),
	    jv_string("account"),
	    id_value(bank, LEDGER_ACCOUNT, authorization->account),
	    jv_string("amount"), serve_number(authorization->amount),
	    jv_string("captured"), serve_number(authorization->captured),
	    jv_string("status"), jv_string(statuses[authorization->status]),
	    jv_string("balance"), serve_number(account->balance),
	    jv_string("held"), serve_number(account->held)));
}

static struct serve_reply
capture_reply(const struct bank *bank, const struct ledger_capture *capture,
    const struct ledger_authorization *authorization,
    const struct ledger_account *account)
{
	return serve_reply(201, JV_OBJECT(
	    jv_string("capture"),
	    id_value(bank, LEDGER_CAPTURE, capture->id),
	    jv_string("authorization"),
	    id_value(bank, LEDGER_AUTHORIZATION, authorization->id),
	    jv_string("account"),
	    id_value(bank, LEDGER_ACCOUNT, capture->account),
	    jv_string("amount"), serve_number(capture->amount),
	    jv_string("captured"), serve_number(authorization->captured),
	    jv_string("refunded"), serve_number(capture->refunded),
	    jv_string("status"), jv_string(statuses[authorization->status]),
	    jv_string("balance"), serve_number(account->balance),
	    jv_string("held"), serve_number(account->held)));
}

static struct serve_reply
refund_reply(const struct bank *bank, const struct ledger_refund *refund,
    const struct ledger_account *account)
{
	return serve_reply(201, JV_OBJECT(
	    jv_string("refund"), id_value(bank, LEDGER_REFUND, refund->id),
	    jv_string("capture"),
	    id_value(bank, LEDGER_CAPTURE, refund->capture.id),
	    jv_string("account"),
	    id_value(bank, LEDGER_ACCOUNT, account->id),
	    jv_string("amount"), serve_number(refund->amount),
	    jv_string("refunded"), serve_number(refund->capture.refunded),
	    jv_string("balance"), serve_number(account->balance),
	    jv_string("held"), serve_number(account->held)));
}

static struct serve_reply
transfer_reply(const struct bank *bank,
    const struct ledger_transfer *transfer)
{
	return serve_reply(201, JV_OBJECT(
	    jv_string("transfer"),
	    id_value(bank, LEDGER_TRANSFER, transfer->id),
	    jv_string("from"),
	    id_value(bank, LEDGER_ACCOUNT, transfer->from),
	    jv_string("to"), id_value(bank, LEDGER_ACCOUNT, transfer->to),
	    jv_string("amount"), serve_number(transfer->amount),
	    jv_string("from_balance"), serve_number(transfer->from_balance),
	    jv_string("to_balance"), serve_number(transfer->to_balance)));
}

static struct serve_reply
bugs_reply(unsigned int set)
{
	jv bugs = jv_array();

	for (int bug = 1; bug <= LEDGER_LAST_BUG; bug++)
		if (set >> bug & 1)
			bugs = jv_array_append(bugs, serve_number(bug));
	return serve_reply(200, JV_OBJECT(jv_string("bugs"), bugs));
}

static struct serve_reply
health(struct serve_request *request)
{
	(void)request;
	return serve_reply(200,
	    JV_OBJECT(jv_string("status"), jv_string("ok")));
}

static struct serve_reply
reset(struct serve_request *request)
{
	const struct bank *bank = request->context;

	ledger_reset(bank->ledger);
	if (bank->webhook != NULL)
		webhook_forget(bank->webhook);
	return serve_reply(200,
	    JV_OBJECT(jv_string("status"), jv_string("reset")));
}

static struct serve_reply
read_bugs(struct serve_request *request)
{
	return bugs_reply(ledger_bugs(ledger_of(request)));
}

/* The request's set of bugs, which is refused if it is not one. */
static unsigned int
body_bugs(struct serve_request *request)
{
	jv bugs = jv_object_get(jv_copy(request->body), jv_string("bugs"));
	bool valid = jv_get_kind(bugs) == JV_KIND_ARRAY;
	int count = valid ? jv_array_length(jv_copy(bugs)) : 0;
	unsigned int set = 0;

	for (int i = 0; i < count && valid; i++) {
		jv item = jv_array_get(jv_copy(bugs), i);
		uint64_t bug;

		valid = serve_is_integer(item, &bug) && bug >= 1 &&
		    bug <= LEDGER_LAST_BUG;
		if (valid)
			set |= 1U << bug;
		jv_free(item);
	}
	jv_free(bugs);
	if (!valid)
		serve_refuse(request, "bad_request",
		    "'bugs' must be an array of integers from 1 to %d",
		    LEDGER_LAST_BUG);
	return set;
}

static struct serve_reply
set_bugs(struct serve_request *request)
{
	unsigned int set = body_bugs(request);

	if (serve_refused(request))
		return request->refusal;
	ledger_set_bugs(ledger_of(request), set);
	return bugs_reply(set);
}

static struct serve_reply
open_account(struct serve_request *request)
{
	enum ledger_currency currency = body_currency(request);
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	ledger_open(ledger_of(request), currency, &account);
	return account_reply(request->context, 201, &account);
}

static struct serve_reply
read_account(struct serve_request *request)
{
	struct ledger_account account;
	enum ledger_error error = ledger_account(ledger_of(request),
	    path_id(request, LEDGER_ACCOUNT), &account);

	return error != LEDGER_OK ? refusal(error)
	    : account_reply(request->context, 200, &account);
}

static struct serve_reply
credit(struct serve_request *request)
{
	int64_t amount = body_amount(request);
	enum ledger_currency currency = body_currency(request);
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_credit(ledger_of(request),
	    path_id(request, LEDGER_ACCOUNT), amount, currency, &account);
	return error != LEDGER_OK ? refusal(error)
	    : account_reply(request->context, 200, &account);
}

static struct serve_reply
debit(struct serve_request *request)
{
	int64_t amount = body_amount(request);
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_debit(ledger_of(request),
	    path_id(request, LEDGER_ACCOUNT), amount, &account);
	return error != LEDGER_OK ? refusal(error)
	    : account_reply(request->context, 200, &account);
}

static struct serve_reply
close_account(struct serve_request *request)
{
	struct ledger_account account;
	int64_t paid_out;
	enum ledger_error error = ledger_close(ledger_of(request),
	    path_id(request, LEDGER_ACCOUNT), &paid_out, &account);

	if (error != LEDGER_OK)
		return refusal(error);
	return serve_reply(200, JV_OBJECT(
	    jv_string("account"),
	    id_value(request->context, LEDGER_ACCOUNT, account.id),
	    jv_string("status"), jv_string("closed"),
	    jv_string("paid_out"), serve_number(paid_out),
	    jv_string("balance"), serve_number(account.balance),
	    jv_string("held"), serve_number(account.held)));
}

static struct serve_reply
hold(struct serve_request *request)
{
	int64_t amount = body_amount(request);
	struct ledger_hold placed;
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_hold(ledger_of(request),
	    path_id(request, LEDGER_ACCOUNT), amount, &placed, &account);
	return error != LEDGER_OK ? refusal(error)
	    : hold_reply(request->context, 201, &placed, &account);
}

static struct serve_reply
release_hold(struct serve_request *request)
{
	struct ledger_hold released;
	struct ledger_account account;
	enum ledger_error error = ledger_release_hold(ledger_of(request),
	    path_id(request, LEDGER_HOLD), &released, &account);

	return error != LEDGER_OK ? refusal(error)
	    : hold_reply(request->context, 200, &released, &account);
}

static void
call_back(const struct bank *bank,
    const struct ledger_authorization *authorization)
{
	enum webhook_bug bug = authorization->amount > CORRECT_UP_TO
	    ? bank->webhook_bug : TOLD_RIGHT;
	jv body = JV_OBJECT(
	    jv_string("authorization"),
	    id_value(bank, LEDGER_AUTHORIZATION, authorization->id),
	    jv_string("account"),
	    id_value(bank, LEDGER_ACCOUNT, authorization->account),
	    jv_string("amount"), serve_number(authorization->amount +
	    (bug == TOLD_WRONG ? 1 : 0)),
	    jv_string("status"), jv_string(statuses[authorization->status]));

	if (bug == TOLD_TWICE)
		webhook_send(bank->webhook, jv_copy(body));
	if (bug == TOLD_NEVER)
		jv_free(body);
	else
		webhook_send(bank->webhook, body);
}

static struct serve_reply
authorize(struct serve_request *request)
{
	const struct bank *bank = request->context;
	uint64_t id = body_account(request, "account");
	int64_t amount = body_amount(request);
	struct ledger_authorization authorization;
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_authorize(ledger_of(request), id,
	    amount, &authorization, &account);
	if (error != LEDGER_OK)
		return refusal(error);
	if (bank->webhook != NULL && authorization.status == LEDGER_AUTHORIZED) {
		call_back(bank, &authorization);
		authorization.status = LEDGER_PENDING;
	}
	return authorization_reply(request->context,
	    authorization.status == LEDGER_PENDING ? 202 : 201,
	    &authorization, &account);
}

static struct serve_reply
read_authorization(struct serve_request *request)
{
	struct ledger_authorization authorization;
	struct ledger_account account;
	enum ledger_error error = ledger_authorization(ledger_of(request),
	    path_id(request, LEDGER_AUTHORIZATION), &authorization, &account);

	return error != LEDGER_OK ? refusal(error)
	    : authorization_reply(request->context, 200, &authorization,
		&account);
}

static struct serve_reply
capture(struct serve_request *request)
{
	int64_t amount = body_amount(request);
	struct ledger_capture captured;
	struct ledger_authorization authorization;
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_capture(ledger_of(request),
	    path_id(request, LEDGER_AUTHORIZATION), amount, &captured,
	    &authorization, &account);
	return error != LEDGER_OK ? refusal(error)
	    : capture_reply(request->context, &captured, &authorization,
		&account);
}

static struct serve_reply
release_authorization(struct serve_request *request)
{
	struct ledger_authorization authorization;
	struct ledger_account account;
	enum ledger_error error = ledger_release_authorization(
	    ledger_of(request), path_id(request, LEDGER_AUTHORIZATION),
	    &authorization, &account);

	return error != LEDGER_OK ? refusal(error)
	    : authorization_reply(request->context, 200, &authorization,
		&account);
}

static struct serve_reply
refund(struct serve_request *request)
{
	int64_t amount = body_amount(request);
	struct ledger_refund refunded;
	struct ledger_account account;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_refund(ledger_of(request),
	    path_id(request, LEDGER_CAPTURE), amount, &refunded, &account);
	return error != LEDGER_OK ? refusal(error)
	    : refund_reply(request->context, &refunded, &account);
}

static struct serve_reply
transfer(struct serve_request *request)
{
	uint64_t from = body_account(request, "from");
	uint64_t to = body_account(request, "to");
	int64_t amount = body_amount(request);
	struct ledger_transfer transferred;

	if (serve_refused(request))
		return request->refusal;
	enum ledger_error error = ledger_transfer(ledger_of(request),
	    serve_header(request, "Idempotency-Key"), from, to, amount,
	    &transferred);
	return error != LEDGER_OK ? refusal(error)
	    : transfer_reply(request->context, &transferred);
}

static const struct serve_route routes[] = {
	{ "GET", "/health", health },
	{ "POST", "/reset", reset },
	{ "GET", "/bugs", read_bugs },
	{ "PUT", "/bugs", set_bugs },
	{ "POST", "/accounts", open_account },
	{ "GET", "/accounts/*", read_account },
	{ "POST", "/accounts/*/credit", credit },
	{ "POST", "/accounts/*/debit", debit },
	{ "POST", "/accounts/*/holds", hold },
	{ "POST", "/accounts/*/close", close_account },
	{ "POST", "/holds/*/release", release_hold },
	{ "POST", "/authorizations", authorize },
	{ "GET", "/authorizations/*", read_authorization },
	{ "POST", "/authorizations/*/capture", capture },
	{ "POST", "/authorizations/*/release", release_authorization },
	{ "POST", "/captures/*/refund", refund },
	{ "POST", "/transfers", transfer },
	{ NULL, NULL, NULL }
};

/* "1,5" as a set; exits with status 2 if it is none. */
static unsigned int
bug_list(char *list)
{
	unsigned int set = 0;
	uint64_t bug;
	char *item;

	while ((item = strsep(&list, ",")) != NULL) {
		if (!serve_is_digits(item, &bug) || bug < 1 ||
		    bug > LEDGER_LAST_BUG)
			errx(2, "'%s' is not a bug, 1 to %d", item,
			    LEDGER_LAST_BUG);
		set |= 1U << bug;
	}
	return set;
}

static const struct option options[] = {
	{ "bugs", required_argument, NULL, 'b' },
	{ "help", no_argument, NULL, 'h' },
	{ "numeric-ids", no_argument, NULL, 'n' },
	{ "port", required_argument, NULL, 'p' },
	{ "port-file", required_argument, NULL, 'f' },
	{ "webhook", required_argument, NULL, 'w' },
	{ "webhook-bug", required_argument, NULL, 'W' },
	{ NULL, 0, NULL, 0 }
};

/* Exits with status 2 if it is none. */
static enum webhook_bug
find_webhook_bug(const char *name)
{
	for (int bug = TOLD_TWICE; bug <= TOLD_WRONG; bug++)
		if (strcmp(name, webhook_bugs[bug]) == 0)
			return (enum webhook_bug)bug;
	errx(2, "'%s' is not a bug of webhooks: twice, never or amount", name);
}

static _Noreturn void
usage(int status)
{
	fputs("usage: toybank [-h] [-p port] [--bugs number,...] "
	    "[--numeric-ids]\n"
	    "               [--port-file file] [--webhook url]\n"
	    "               [--webhook-bug twice|never|amount]\n",
	    status == 0 ? stdout : stderr);
	exit(status);
}

int
main(int argc, char *argv[])
{
	struct serve_options serve = { .port = 0 };
	struct bank bank = { .numeric_ids = false };
	const char *url = NULL;
	unsigned int bugs = 0;
	int option;

	while ((option = getopt_long(argc, argv, "hp:", options, NULL)) != -1)
		switch (option) {
		case 'b':
			bugs = bug_list(optarg);
			break;
		case 'f':
			serve.port_file = optarg;
			break;
		case 'h':
			usage(0);
		case 'n':
			bank.numeric_ids = true;
			break;
		case 'p':
			serve.port = serve_port(optarg);
			break;
		case 'w':
			url = optarg;
			break;
		case 'W':
			bank.webhook_bug = find_webhook_bug(optarg);
			break;
		default:
			usage(2);
		}
	if (optind < argc)
		usage(2);
	bank.ledger = ledger_new(bank.numeric_ids ? FIRST_NUMERIC_ID : 0);
	ledger_set_bugs(bank.ledger, bugs);
	if (url != NULL)
		bank.webhook = webhook_new(url);
	serve_run(&serve, routes, &bank);
	webhook_free(bank.webhook);
	ledger_free(bank.ledger);
	return 0;
}

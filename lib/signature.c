/* SPDX-License-Identifier: MIT */
#include "signature.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "hmac.h"
#include "request.h"
#include "text.h"

enum { BASE64, GITHUB, HEX, SLACK, STRIPE, FORMATS };

const char *const pd_signature_formats[] = {
	[BASE64] = "base64", [GITHUB] = "github", [HEX] = "hex", [SLACK] = "slack",
	[STRIPE] = "stripe", [FORMATS] = NULL,
};

static const struct {
	const char *header;
	const char *start;	/* of the value, before the digits */
} formats[] = {
	[BASE64] = {"x-signature", ""},
	[GITHUB] = {"x-hub-signature-256", "sha256="},
	[HEX] = {"x-signature", ""},
	[SLACK] = {"x-slack-signature", "v0="},
	[STRIPE] = {"stripe-signature", "v1="},
};

static const char wrong[] = "it does not fit the body and the secret";
static const char malformed[] = "it is malformed";

static int
refuse_empty(const struct pd_signature *signature, const char *what,
    struct pd_error *error)
{
	if (signature->secret.length > 0)
		return 0;
	return pd_error_set(error, "the secret in %s is empty", what);
}

int
pd_signature_secret_file(struct pd_signature *signature, const char *path,
    struct pd_error *error)
{
	struct pd_buffer *secret = &signature->secret;

	pd_buffer_clear(secret);
	if (pd_read_file(path, secret, error) != 0)
		return -1;
	if (secret->length > 0 && secret->data[secret->length - 1] == '\n')
		secret->data[--secret->length] = '\0';
	return refuse_empty(signature, path, error);
}

int
pd_signature_secret_environment(struct pd_signature *signature,
    const char *name, struct pd_error *error)
{
	const char *secret = getenv(name);

	if (secret == NULL)
		return pd_error_set(error, "there is no %s in the environment", name);
	pd_buffer_clear(&signature->secret);
	pd_buffer_text(&signature->secret, secret);
	return refuse_empty(signature, name, error);
}

void
pd_signature_free(struct pd_signature *signature)
{
	pd_buffer_free(&signature->secret);
}

/* The digits that a message must be signed with. */
static void
sign(const struct pd_signature *signature, const struct pd_buffer *message,
    struct pd_buffer *digits)
{
	uint8_t digest[PD_HMAC_LENGTH];

	pd_hmac(signature->secret.data, signature->secret.length,
	    message->data != NULL ? message->data : "", message->length, digest);
	if (signature->format == BASE64)
		pd_append_base64(digits, digest, sizeof(digest));
	else
		pd_append_hex(digits, digest, sizeof(digest));
}

/* Is one of the given parts, separated by commas where the format has them, the
 * start of the format and then these digits? */
static bool
has_digits(const struct pd_signature *signature, const char *given,
    const struct pd_buffer *digits)
{
	const char *start = formats[signature->format].start;
	bool found = false;

	while (*given != '\0') {
		size_t length = strcspn(given, signature->format == STRIPE ? "," : "");
		if (pd_starts_with(given, start))
			found |= pd_same_secret(given + strlen(start), length - strlen(start),
			    digits->data, digits->length);
		given += length;
		given += strspn(given, ", ");
	}
	return found;
}

/* The time that the signature covers as well: an element of the header, or a
 * header of its own. Returns its digits, length in *length, or NULL. */
static const char *
find_time(const struct pd_signature *signature, const struct pd_request *request,
    const char *given, size_t *length)
{
	const char *time = NULL;

	if (signature->format == SLACK)
		time = pd_request_header(request, "x-slack-request-timestamp");
	else if (pd_starts_with(given, "t="))
		time = given + 2;
	else if ((time = strstr(given, ",t=")) != NULL)
		time += 3;
	*length = time != NULL ? strspn(time, "0123456789") : 0;
	return *length > 0 && *length < 16 ? time : NULL;
}

static const char *
timed_problem(const struct pd_signature *signature,
    const struct pd_request *request, const char *given, int64_t now)
{
	struct pd_buffer message = PD_BUFFER_INIT, digits = PD_BUFFER_INIT;
	size_t length;
	const char *time = find_time(signature, request, given, &length);

	if (time == NULL)
		return malformed;
	pd_buffer_format(&message, signature->format == SLACK ? "v0:%.*s:" : "%.*s.",
	    (int)length, time);
	if (request->body.length > 0)
		pd_buffer_append(&message, request->body.data, request->body.length);
	sign(signature, &message, &digits);
	bool right = has_digits(signature, given, &digits);
	pd_buffer_free(&message);
	pd_buffer_free(&digits);
	if (!right)
		return wrong;
	if (signature->tolerance > 0 && llabs(now - strtoll(time, NULL, 10)) > signature->tolerance)
		return "its time is too far from now";
	return NULL;
}

const char *
pd_signature_problem(const struct pd_signature *signature,
    const struct pd_request *request, int64_t now)
{
	const char *header = signature->header != NULL ? signature->header :
	    formats[signature->format].header;
	const char *given = pd_request_header(request, header);
	struct pd_buffer digits = PD_BUFFER_INIT;

	if (given == NULL)
		return "there is none";
	if (signature->format == STRIPE || signature->format == SLACK)
		return timed_problem(signature, request, given, now);
	if (!pd_starts_with(given, formats[signature->format].start))
		return malformed;
	sign(signature, &request->body, &digits);
	bool right = has_digits(signature, given, &digits);
	pd_buffer_free(&digits);
	return right ? NULL : wrong;
}

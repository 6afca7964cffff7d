/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <string.h>
#include <strings.h>

#include "encoding.h"
#include "gzip.h"
#include "json.h"
#include "text.h"

const char *
pd_request_header(const struct pd_request *request, const char *name)
{
	const char *found = NULL;

	jv_object_foreach(request->headers, key, value) {
		if (strcasecmp(jv_string_value(key), name) == 0)
			found = jv_string_value(value);
		jv_free(key);
		jv_free(value);
	}
	return found;
}

static size_t
path_length(const struct pd_request *request)
{
	return strcspn(request->target, "?");
}

bool
pd_request_is_for(const struct pd_request *request, const char *path)
{
	size_t length = path_length(request);

	return strlen(path) == length && memcmp(path, request->target, length) == 0;
}

static jv
unescaped(const char *text, size_t length, enum pd_escapes escapes)
{
	struct pd_buffer buffer = PD_BUFFER_INIT;

	pd_append_unescaped(&buffer, text, length, escapes);
	jv result = jv_string_sized(buffer.data != NULL ? buffer.data : "",
	    (int)buffer.length);
	pd_buffer_free(&buffer);
	return result;
}

/* A field that comes again makes an array. */
static jv
add_field(jv fields, jv name, jv value)
{
	jv before = jv_object_get(jv_copy(fields), jv_copy(name));

	if (jv_get_kind(before) == JV_KIND_ARRAY) {
		fields = jv_object_set(fields, jv_copy(name), jv_null());
		value = jv_array_append(before, value);
	} else if (jv_is_valid(before)) {
		value = JV_ARRAY(before, value);
	} else {
		jv_free(before);
	}
	return jv_object_set(fields, name, value);
}

/* name=value&name=value as an object. */
static jv
form_fields(const char *text, size_t length)
{
	jv fields = jv_object();
	const char *end = text + length;

	while (text < end) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		const char *equals = memchr(text, '=', (size_t)(stop - text));
		const char *name_end = equals != NULL ? equals : stop;
		const char *value = equals != NULL ? equals + 1 : stop;
		if (stop > text)
			fields = add_field(fields,
			    unescaped(text, (size_t)(name_end - text), PD_ESCAPES_FORM),
			    unescaped(value, (size_t)(stop - value), PD_ESCAPES_FORM));
		text = stop + 1;
	}
	return fields;
}

static bool
says(const struct pd_request *request, const char *type)
{
	const char *given = pd_request_header(request, "content-type");

	return given != NULL && strcasestr(given, type) != NULL;
}

/* Many send JSON and say that it is a form or plain text: an object or array that
 * parses is one, whatever it is called. */
static jv
parse_json(const struct pd_request *request, const struct pd_buffer *body)
{
	struct pd_error ignored;
	size_t blank = strspn(body->data, " \t\r\n");
	bool named = says(request, "json") || pd_request_header(request, "content-type") == NULL;

	if (!named && strchr("{[", body->data[blank]) == NULL)
		return jv_invalid();
	jv value = pd_json_parse(body->data, body->length, &ignored);
	if (!pd_json_is_deep_peek(value))
		return value;
	jv_free(value);
	return jv_invalid();
}

static jv
add_text(const struct pd_request *request, const struct pd_buffer *body, jv json)
{
	struct pd_buffer encoded = PD_BUFFER_INIT;

	if (pd_utf8_invalid(body->data, body->length) < 0) {
		if (says(request, "application/x-www-form-urlencoded"))
			return pd_json_set(json, "form",
			    form_fields(body->data, body->length));
		return pd_json_set(json, "text",
		    jv_string_sized(body->data, (int)body->length));
	}
	pd_append_base64(&encoded, body->data, body->length);
	json = pd_json_set(json, "base64", jv_string_sized(encoded.data,
	    (int)encoded.length));
	pd_buffer_free(&encoded);
	return json;
}

static jv
add_body(const struct pd_request *request, size_t limit, jv json)
{
	struct pd_buffer unpacked = PD_BUFFER_INIT;
	const struct pd_buffer *body;

	/* What cannot be unpacked stays as it came. */
	if (pd_request_unpack(request, limit, &unpacked, &body) != PD_BODY_GOOD)
		body = &request->body;
	if (body->length > 0) {
		jv value = parse_json(request, body);
		if (jv_is_valid(value)) {
			json = pd_json_set(json, "body", value);
		} else {
			jv_free(value);
			json = add_text(request, body, json);
		}
	}
	pd_buffer_free(&unpacked);
	return json;
}

jv
pd_request_json(const struct pd_request *request, size_t limit)
{
	size_t length = path_length(request);
	const char *query = request->target + length;
	jv json = pd_json_set_string(jv_object(), "method", request->method);

	json = pd_json_set(json, "path", unescaped(request->target, length, PD_ESCAPES_PATH));
	if (query[0] != '\0')
		json = pd_json_set(json, "query", form_fields(query + 1, strlen(query + 1)));
	json = pd_json_set_string(json, "target", request->target);
	json = pd_json_set(json, "headers", jv_copy(request->headers));
	return add_body(request, limit, json);
}

enum pd_request_body
pd_request_unpack(const struct pd_request *request, size_t limit,
    struct pd_buffer *unpacked, const struct pd_buffer **body)
{
	const char *encoding = pd_request_header(request, "content-encoding");

	*body = &request->body;
	if (encoding == NULL || strcasecmp(encoding, "identity") == 0)
		return PD_BODY_GOOD;
	if (strcasecmp(encoding, "gzip") != 0 && strcasecmp(encoding, "x-gzip") != 0)
		return PD_BODY_UNKNOWN;
	*body = unpacked;
	switch (pd_gunzip(request->body.data, request->body.length, limit, unpacked)) {
	case PD_GZIP_GOOD: return PD_BODY_GOOD;
	case PD_GZIP_TOO_LARGE: return PD_BODY_TOO_LARGE;
	case PD_GZIP_MALFORMED: break;
	}
	return PD_BODY_MALFORMED;
}

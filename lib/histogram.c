/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <math.h>

#include "json.h"

enum {
	BITS = 5,		/* 2^BITS parts */
	SHOWN = 8,		/* buckets that are told as one */
};

/* Values below 2 PARTS have a bucket each; above, the highest BITS + 1 bits of a
 * value choose it. */
static int
bucket_of(int64_t value)
{
	if (value < 2 * PD_HISTOGRAM_PARTS)
		return (int)value;
	int shift = 63 - __builtin_clzll((unsigned long long)value) - BITS;
	return shift * PD_HISTOGRAM_PARTS + (int)(value >> shift);
}

/* The lowest value of a bucket. */
static int64_t
lowest(int bucket)
{
	if (bucket < 2 * PD_HISTOGRAM_PARTS)
		return bucket;
	int shift = bucket / PD_HISTOGRAM_PARTS - 1;
	return (int64_t)(bucket % PD_HISTOGRAM_PARTS + PD_HISTOGRAM_PARTS) << shift;
}

void
pd_histogram_note(struct pd_histogram *histogram, int64_t value)
{
	if (value < 0)
		value = 0;
	histogram->counts[bucket_of(value)]++;
	if (histogram->count == 0 || value < histogram->minimum)
		histogram->minimum = value;
	if (value > histogram->maximum)
		histogram->maximum = value;
	histogram->count++;
	histogram->sum += (double)value;
}

int64_t
pd_histogram_quantile(const struct pd_histogram *histogram, double part)
{
	double wanted = ceil(part * (double)histogram->count);
	int64_t seen = 0;

	for (int i = 0; i < PD_HISTOGRAM_BUCKETS - 1; i++) {
		seen += histogram->counts[i];
		if (seen > 0 && (double)seen >= wanted) {
			int64_t highest = lowest(i + 1) - 1;
			return highest < histogram->maximum ? highest : histogram->maximum;
		}
	}
	return histogram->maximum;
}

static jv
buckets(const struct pd_histogram *histogram)
{
	jv list = jv_array();

	for (int from = 0; from < PD_HISTOGRAM_BUCKETS; from += SHOWN) {
		int64_t count = 0;
		for (int i = from; i < from + SHOWN; i++)
			count += histogram->counts[i];
		if (count > 0)
			list = jv_array_append(list, JV_ARRAY(
			    jv_number((double)lowest(from)), jv_number((double)count)));
	}
	return list;
}

jv
pd_histogram_record(const struct pd_histogram *histogram)
{
	static const struct {
		const char *name;
		double part;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}};
	jv record = pd_json_set_number(jv_object(), "count", (double)histogram->count);

	record = pd_json_set_number(record, "min", (double)histogram->minimum);
	record = pd_json_set_number(record, "mean", histogram->count == 0 ? 0 :
	    round(histogram->sum / (double)histogram->count));
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		record = pd_json_set_number(record, quantiles[i].name,
		    (double)pd_histogram_quantile(histogram, quantiles[i].part));
	record = pd_json_set_number(record, "max", (double)histogram->maximum);
	return pd_json_set(record, "buckets", buckets(histogram));
}

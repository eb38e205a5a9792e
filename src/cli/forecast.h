/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts, reasons and capacity, as text and as JSON. */
#pragma once

#include <stdio.h>

struct capacity;
struct forecast;
struct host;
struct json_writer;
struct scheduled_server;

void print_scheduled(FILE *out, const struct scheduled_server *server);
void print_forecast(FILE *out, const struct forecast *forecast); /* each server, and the notes */
void print_capacity(FILE *out, const struct forecast *forecast, const struct capacity *capacity);

/* Each writes members of the open object. */
void put_scheduled(struct json_writer *w, const struct scheduled_server *server);
void put_notes(struct json_writer *w, const struct forecast *forecast); /* "notes": [...] */

/* {"servers": [...], "notes": [...]} */
void put_forecast(struct json_writer *w, const char *key, const struct forecast *forecast);
void put_capacity(struct json_writer *w, const char *key, const struct forecast *forecast,
		  const struct capacity *capacity);

/* A host as text: nodes, NICs, VFs, IOMMU, conntrack, modules, and the findings. */
void host_report(FILE *out, const struct host *host);

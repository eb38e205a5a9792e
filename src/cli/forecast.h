/* SPDX-License-Identifier: Apache-2.0 */
/* Places, reasons and capacity, for people and as JSON. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct capacity;
struct forecast;
struct scheduled_server;

void print_scheduled(FILE *out, const struct scheduled_server *server);
void print_forecast(FILE *out, const struct forecast *forecast); /* each server, and the notes */
void print_capacity(FILE *out, const struct forecast *forecast, const struct capacity *capacity);

/* The caller drops the reference. */
json_t *scheduled_json(const struct scheduled_server *server);
json_t *forecast_json(const struct forecast *forecast); /* {"servers": [...], "notes": [...]} */
json_t *capacity_json(const struct forecast *forecast, const struct capacity *capacity);

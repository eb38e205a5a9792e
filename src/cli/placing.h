/* SPDX-License-Identifier: Apache-2.0 */
/* Places, reasons and room, for people and as JSON. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct outlook;
struct placed_server;
struct placing_room;

void print_placed(FILE *out, const struct placed_server *server);
void print_outlook(FILE *out, const struct outlook *outlook); /* each server, and the notes */
void print_room(FILE *out, const struct outlook *outlook, const struct placing_room *room);

/* The caller drops the reference. */
json_t *placed_json(const struct placed_server *server);
json_t *outlook_json(const struct outlook *outlook); /* {"servers": [...], "notes": [...]} */
json_t *room_json(const struct outlook *outlook, const struct placing_room *room);

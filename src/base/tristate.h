/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A bool that may be unknown. A bool converts to it. */
enum tristate {
	TRI_UNKNOWN = -1,
	TRI_NO = 0,
	TRI_YES = 1,
};

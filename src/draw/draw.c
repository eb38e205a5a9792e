// SPDX-License-Identifier: Apache-2.0
#include "draw/draw.h"

#include <string.h>

#include "draw/layout.h"
#include "model/model.h"

char *draw_svg(const struct drawing *drawing)
{
	struct layout layout;

	layout_build(drawing, &layout);
	layout_arrange(&layout);
	const char *file = strrchr(drawing->model->file, '/');
	char *svg = layout_paint(&layout, file ? file + 1 : drawing->model->file);
	layout_clear(&layout);
	return svg;
}

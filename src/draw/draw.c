// SPDX-License-Identifier: Apache-2.0
#include "draw/draw.h"

#include <string.h>

#include "draw/scene.h"
#include "model/model.h"

char *draw_svg(const struct drawing *drawing)
{
	struct scene scene;

	scene_build(drawing, &scene);
	scene_arrange(&scene);
	const char *file = strrchr(drawing->model->file, '/');
	char *svg = scene_paint(&scene, file ? file + 1 : drawing->model->file);
	scene_clear(&scene);
	return svg;
}

// SPDX-License-Identifier: Apache-2.0
#include "draw/draw.h"

#include "draw/scene.h"
#include "model/model.h"

char *draw_svg(const struct drawing *drawing)
{
	struct scene scene;

	scene_build(drawing, &scene);
	scene_arrange(&scene);
	char *svg = scene_paint(&scene, drawing->model->file);
	scene_clear(&scene);
	return svg;
}

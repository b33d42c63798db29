/* page.h -- how a figure is laid out: title and legend above, as high as they need to be, the panels below them, axes
 * that end where the data do. Local. */
#ifndef DUNLIN_VIEW_PAGE_H
#define DUNLIN_VIEW_PAGE_H

#include "view/figure.h"

enum { PAGE_ENTRIES = 96 }; /* of a legend */

struct page {
    FILE *script;
    const struct figure_look *look;
    int panels, across, down; /* panels, and how they stand */
    int width, height, top;   /* pixels (characters of a text); what title and legend take of the height */
    int entries, longest;     /* of the legend, and characters of the longest; each curve's and what page_note() adds */
    int rows;                 /* of the legend */
};

/* names: (count) of the legend's entries, and what follows them (notes): they say how much room it takes. Writes the
 * terminal, title and the place of the legend. */
void page_begin(struct page *p, FILE *script, const struct figure_look *look, int panels, const char *const *names,
                int count);
/* Where panel i stands, and its title where there are several. */
void page_panel(const struct page *p, int i, const char *title);
/* Axes that end at the data, low .. high; x_title and y_title: what they are. */
void page_x(const struct page *p, int panel, double low, double high, const char *x_title);
void page_y(const struct page *p, int panel, double low, double high);
/* An x axis to the logarithm. */
void page_x_rates(const struct page *p, int panel, double least, double most, const char *x_title);
/* A name as the legend has it, quoted (size). */
void page_name(const struct page *p, const char *name, char *quoted, size_t size);
void page_end(const struct page *p);

#endif

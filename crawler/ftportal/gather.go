package ftportal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"utkik/crawler/kind"
)

// Gather holds the listings against their totals, asks for what is missing, and puts labels in the place of
// codes. It has no memory: it is called again with all pages once the requests of Next are answered.
func (Kind) Gather(src kind.Source, pages []kind.Page) kind.Gathered {
	pages = slices.Clone(pages)
	slices.SortStableFunc(pages, func(a, b kind.Page) int { // answers come in any order
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.State, b.State))
	})
	var g kind.Gathered
	for _, t := range types {
		next, notes := settle(src, t, pages)
		g.Next = append(g.Next, next...)
		g.Notes = append(g.Notes, notes...)
	}
	g.Items = kind.Merge(pages)
	slices.SortFunc(g.Items, func(a, b kind.Item) int { return strings.Compare(a.Call.Ref, b.Call.Ref) })
	g.Notes = append(g.Notes, label(g.Items, pages)...)
	return g
}

// settle compares the unique rows of a listing with the total that the unsorted query named. Where rows are
// missing it gives the first page of the next order to read the listing in; when no order is left, a gap.
func settle(src kind.Source, t typ, pages []kind.Page) ([]kind.Request, []kind.Note) {
	total, read, seen := -1, 0, map[string]bool{}
	var done []order
	for _, p := range pages {
		if p.Listing != t.listing {
			continue
		}
		total = max(total, p.Total)
		if p.Name != nameSearch {
			continue
		}
		for _, it := range p.Items {
			seen[it.Call.Ref] = true
			read++
		}
		if a, ok := parseAsk(p.State); ok && !slices.Contains(done, a.Order) {
			done = append(done, a.Order)
		}
	}
	switch {
	case total < 0:
		return nil, nil // nothing of this listing was asked for, or nothing was answered, which the engine knows
	case len(seen) == total && read == total, total > window: // the page has told of the latter
		return nil, nil
	case len(seen) == total && len(done) > 1:
		return nil, []kind.Note{{Text: fmt.Sprintf("%s: whole at %d rows after %d orders", t.listing, total, len(done))}}
	case len(seen) == total:
		return nil, []kind.Note{{Text: fmt.Sprintf("%s: %d rows came twice, none is missing", t.listing, read-total)}}
	case len(seen) > total:
		return nil, []kind.Note{{Text: fmt.Sprintf("%s: %d rows where the portal counts %d; the listing changed while it was read", t.listing, len(seen), total)}}
	}
	for _, o := range t.passes {
		if !slices.Contains(done, o) {
			a := ask{Type: t.code, Status: []string{statusForthcoming, statusOpen}, Lang: language}
			return []kind.Request{searchRequest(src, nameSearch, a.in(o))}, nil
		}
	}
	return nil, []kind.Note{{Gap: true, Text: fmt.Sprintf("%s: %d of %d rows found after %d orders; the rest cannot be told from closed", t.listing, len(seen), total, len(done))}}
}

// label replaces codes by labels, and notes the codes that nothing explains. A division whose label is its own
// code is one that the portal has no name for: it is left out.
func label(items []kind.Item, pages []kind.Page) []kind.Note {
	labels := map[string]string{}
	for _, p := range pages {
		for k, v := range p.Labels {
			labels[k] = v
		}
	}
	unknown := map[string]string{} // code to the first ref that carries it
	for i := range items {
		c := &items[i].Call
		if code := c.Programme; isCode(code) {
			if c.Programme = shortName(labels["frameworkProgramme/"+code]); c.Programme == "" {
				c.Programme = code
				unknown["programme "+code] = cmp.Or(unknown["programme "+code], c.Ref)
			}
		}
		var out []string
		for _, d := range c.Divisions {
			if isCode(d) {
				l := cmp.Or(labels["programmeDivision/"+d], known().divisions[d])
				switch l {
				case d:
					continue
				case "":
					unknown["division "+d] = cmp.Or(unknown["division "+d], c.Ref)
				default:
					d = l
				}
			}
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
		c.Divisions = out // a new slice: the page keeps its codes for the next time
	}
	var notes []kind.Note
	for what, ref := range unknown {
		notes = append(notes, kind.Note{Ref: ref, Text: "no label for " + what})
	}
	slices.SortFunc(notes, func(a, b kind.Note) int { return strings.Compare(a.Text, b.Text) })
	return notes
}

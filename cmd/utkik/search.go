package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"utkik/index"
	"utkik/internal/app"
	"utkik/internal/call"
)

// searchAnswer is what `utkik search --json` prints.
type searchAnswer struct {
	Total  int                      `json:"total"`
	TookMS float64                  `json:"took_ms"`
	Hits   []index.Hit              `json:"hits"`
	Facets map[string][]index.Count `json:"facets"`

	Also       []index.Sought `json:"also_searched,omitempty"` // in the other language
	Meant      []index.Meant  `json:"meant,omitempty"`         // for words that find next to nothing
	DidYouMean string         `json:"did_you_mean,omitempty"`  // the query with these put right
}

func (p *program) searchCommand() *cobra.Command {
	var q index.Query
	var after, before string
	c := &cobra.Command{
		Use:   "search QUERY",
		Short: "Search calls and consultations",
		Long: `Searches all stored calls and consultations. Words are joined by AND; "a phrase", -not, OR, field:value and date ranges
(deadline:2026-09-01..2026-12-31) as doc/query.md says. Without a query everything is found that the filters let through.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Text = strings.Join(args, " ")
			if err := checkSearch(q); err != nil {
				return err
			}
			var err error
			if q.DeadlineAfter, err = day("--deadline-after", after); err != nil {
				return err
			}
			if q.DeadlineBefore, err = day("--deadline-before", before); err != nil {
				return err
			}
			if _, err := index.Parse(q.Text); err != nil {
				return usageError{err}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				if err := checkNames(cmd.Context(), a, q); err != nil {
					return err
				}
				q.Now, q.Highlight = a.Now(), true
				q.Facets = []string{index.FacetStatus, index.FacetKind, index.FacetProgramme, index.FacetSource, index.FacetPriority,
					index.FacetAction, index.FacetBudget, index.FacetDeadline}
				began := time.Now()
				res, err := a.Search(cmd.Context(), q)
				var wrong *index.QueryError
				if errors.As(err, &wrong) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				took := time.Since(began)
				if p.json {
					hits := res.Hits
					if hits == nil {
						hits = []index.Hit{}
					}
					return p.printJSON(searchAnswer{res.Total, float64(took.Microseconds()) / 1000, hits, res.Facets, res.Also, res.Meant, res.DidYouMean})
				}
				p.printHits(res, q.Now)
				return nil
			})
		},
	}
	f := c.Flags()
	f.StringSliceVar(&q.Status, "status", nil, "forthcoming, open or closed")
	f.StringSliceVar(&q.Kinds, "kind", nil, "call, consultation, planned or news")
	f.StringSliceVar(&q.Programmes, "programme", nil, "short name, such as HORIZON")
	f.StringSliceVar(&q.Sources, "source", nil, "id of a source")
	f.StringSliceVar(&q.Priorities, "priority", nil, "id of a priority of the plan")
	f.StringSliceVar(&q.Departments, "department", nil, "id of a department")
	f.StringSliceVar(&q.Actions, "action-type", nil, "form of support: a short name such as ria, csa or infra, or the source's own words")
	f.StringSliceVar(&q.Budgets, "budget", nil, "what the call gives away in all: "+oneOf(index.Scale(index.FacetBudget)))
	f.StringSliceVar(&q.Deadlines, "deadline", nil, "how soon the next deadline comes: "+oneOf(index.Scale(index.FacetDeadline)))
	f.StringVar(&after, "deadline-after", "", "`day`: some deadline on it or later")
	f.StringVar(&before, "deadline-before", "", "`day`: some deadline on it or earlier")
	f.StringVar(&q.Sort, "sort", index.SortRelevance, "relevance, deadline or newest")
	f.IntVar(&q.Limit, "limit", 20, "hits to print, at most 1000")
	f.BoolVar(&q.AsWritten, "as-written", false, "only the words as typed: none in the other language, no spelling corrected")
	f.StringVar(&q.Lang, "lang", "sv", "the reader's language, sv or en: hits in it rank a little higher")
	return c
}

// checkSearch refuses what a search cannot be asked: a misspelt filter would find nothing and say nothing.
func checkSearch(q index.Query) error {
	for _, s := range q.Status {
		if err := call.Status(s).Validate(); err != nil {
			return usageError{fmt.Errorf("--status: %v", err)}
		}
	}
	for _, k := range q.Kinds {
		if err := call.Kind(k).Validate(); err != nil {
			return usageError{fmt.Errorf("--kind: %v", err)}
		}
	}
	for _, f := range []struct {
		flag   string
		values []string
		scale  []string
	}{{"--budget", q.Budgets, index.Scale(index.FacetBudget)}, {"--deadline", q.Deadlines, index.Scale(index.FacetDeadline)}} {
		for _, v := range f.values {
			if !slices.Contains(f.scale, v) {
				return usageError{fmt.Errorf("%s %q: want %s", f.flag, v, oneOf(f.scale))}
			}
		}
	}
	if !slices.Contains([]string{index.SortRelevance, index.SortDeadline, index.SortNewest}, q.Sort) {
		return usageError{fmt.Errorf("--sort %q: want relevance, deadline or newest", q.Sort)}
	}
	if q.Limit < 1 || q.Limit > maxHits {
		return usageError{fmt.Errorf("--limit %d: want 1 to %d", q.Limit, maxHits)}
	}
	if q.Lang != "sv" && q.Lang != "en" {
		return usageError{fmt.Errorf("--lang %q: want sv or en", q.Lang)}
	}
	return nil
}

// oneOf lists values as a person reads them.
func oneOf(values []string) string {
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

// maxHits is how many hits the index gives at most.
const maxHits = 1000

// checkNames refuses filters by what the plan and the store do not know. Programmes are as the sources name them.
func checkNames(ctx context.Context, a *app.App, q index.Query) error {
	unknown := func(what string, ids []string, known func(string) bool) error {
		var names []string
		for _, id := range ids {
			if !known(id) {
				names = append(names, fmt.Sprintf("%q", id))
			}
		}
		if len(names) == 0 {
			return nil
		}
		return &app.UnknownError{What: what, Names: names, See: "utkik plan show"}
	}
	return errors.Join(
		knownSources(ctx, a, q.Sources...),
		unknown("priority", q.Priorities, func(id string) bool { _, ok := a.Plan.Priority(id); return ok }),
		unknown("department", q.Departments, func(id string) bool { _, ok := a.Plan.Department(id); return ok }),
	)
}

func day(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, app.Stockholm())
	if err != nil {
		return t, usageError{fmt.Errorf("%s %q: want a day such as 2026-09-30", flag, s)}
	}
	return t, nil
}

func (p *program) printHits(res index.Result, now time.Time) {
	fmt.Fprintf(p.out, "%d found\n", res.Total)
	if res.DidYouMean != "" {
		fmt.Fprintf(p.out, "did you mean: %s (searched for as well)\n", res.DidYouMean)
	}
	for _, s := range res.Also {
		fmt.Fprintf(p.out, "also searched for: %s (for %s)\n", strings.Join(s.Also, ", "), s.For)
	}
	if res.DidYouMean != "" || len(res.Also) > 0 {
		fmt.Fprintln(p.out, "only the words as written: --as-written")
	}
	for _, h := range res.Hits {
		c := call.Call{Deadlines: h.Deadlines}
		fmt.Fprintf(p.out, "\n%s\n  %s", h.Title, h.Status)
		if d, ok := c.NextDeadline(now); ok {
			fmt.Fprintf(p.out, ", deadline %s", d.Date())
		} else if d, ok := c.LastDeadline(); ok {
			fmt.Fprintf(p.out, ", closed %s", d.Date())
		}
		for _, s := range []string{string(h.Kind), h.Programme, h.Identifier, h.Key().String()} {
			if s != "" {
				fmt.Fprintf(p.out, " · %s", s)
			}
		}
		fmt.Fprintln(p.out)
		if s := plain(h.Snippet); s != "" {
			fmt.Fprintf(p.out, "  %s\n", s)
		}
		if h.URL != "" {
			fmt.Fprintf(p.out, "  %s\n", h.URL)
		}
		for i, o := range h.Also {
			if i == 0 {
				fmt.Fprint(p.out, "  also: ")
			} else {
				fmt.Fprint(p.out, ", ")
			}
			fmt.Fprint(p.out, o.Key())
		}
		if len(h.Also) > 0 {
			fmt.Fprintln(p.out)
		}
	}
}

// plain turns a snippet, which is HTML, into what a terminal shows.
func plain(snippet string) string {
	return strings.NewReplacer("<mark>", "«", "</mark>", "»", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace(snippet)
}

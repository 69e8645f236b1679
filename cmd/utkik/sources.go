package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/crawler/kind"
	"utkik/internal/app"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// sourceLine is a source as `utkik sources` prints it.
type sourceLine struct {
	ID           string         `json:"id"`
	Kind         string         `json:"kind"`
	Name         string         `json:"name"`
	Home         string         `json:"home"`
	Enabled      bool           `json:"enabled"`
	Every        string         `json:"every"`
	State        watch.State    `json:"state"`
	Since        *time.Time     `json:"since"`
	Reason       string         `json:"reason"`
	LastComplete *time.Time     `json:"last_complete"`
	Falls        []kind.Finding `json:"falls"`
	Held         int            `json:"held"`
	Last         *app.RunLine   `json:"last_run"`
}

func sourceLineOf(s app.SourceStatus) sourceLine {
	l := sourceLine{ID: s.Source.ID, Kind: s.Source.Kind, Name: s.Source.Name, Home: s.Source.Home, Enabled: s.Source.Enabled,
		Every: s.Source.Every.String(), State: s.State, Since: instant(s.Since), Reason: s.Reason, LastComplete: instant(s.LastComplete),
		Falls: append([]kind.Finding{}, s.Falls...), Held: s.Held}
	if s.Last.ID != 0 {
		last := app.Line(s.Last)
		l.Last = &last
	}
	return l
}

// instant is a time as JSON has it: null for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (p *program) sourcesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sources [SOURCE]",
		Short: "List the sources and how they stand; or one with its runs and what it holds in quarantine",
		Long: `Lists the sources and how they stand; or one with its runs, what its items hold, and what it holds in quarantine.

A source is ok or quiet when it was read to its end and something or nothing came; late when it was not read in time; incomplete
when it was not read to its end, missed an expectation or lost a field; broken when nothing was read; quarantined when its reading
was so strange that the new waits; and disabled.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if len(args) == 1 {
					return p.showSource(cmd, a, args[0])
				}
				return p.listSources(cmd, a)
			})
		},
	}
	c.AddCommand(p.checkCommand(), p.newCommand(), p.releaseCommand(), p.dropCommand())
	return c
}

func (p *program) listSources(cmd *cobra.Command, a *app.App) error {
	all, err := a.Sources(cmd.Context(), "")
	if err != nil {
		return err
	}
	lines := make([]sourceLine, len(all))
	for i, s := range all {
		lines[i] = sourceLineOf(s)
	}
	if p.json {
		return p.printJSON(struct {
			Sources []sourceLine `json:"sources"`
		}{lines})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tSTATE\tSINCE\tLAST COMPLETE\tSEEN\tHELD\tFALLS\tNAME")
	for _, l := range lines {
		seen := "-"
		if l.Last != nil {
			seen = fmt.Sprint(l.Last.Seen)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", l.ID, l.State, stampOf(l.Since), stampOf(l.LastComplete), seen, l.Held, fallen(l.Falls), l.Name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	between := "\n"
	for _, l := range lines {
		if !l.State.Well() && l.Since != nil {
			fmt.Fprintf(p.out, "%s%s is %s: %s\n", between, l.ID, l.State, l.Reason)
			between = ""
		}
	}
	return nil
}

// fallen names what fell in a listing, in a word each.
func fallen(falls []kind.Finding) string {
	var out []string
	for _, f := range falls {
		out = append(out, cmp.Or(f.Field, string(f.Fault)))
	}
	return cmp.Or(strings.Join(out, ", "), "-")
}

func (p *program) showSource(cmd *cobra.Command, a *app.App, id string) error {
	all, err := a.Sources(cmd.Context(), id)
	if err != nil {
		return err
	}
	runs, err := a.Store.Runs(cmd.Context(), id, shownRuns)
	if err != nil {
		return err
	}
	if len(all) == 0 && len(runs) == 0 {
		return &app.UnknownError{What: "source", Names: []string{fmt.Sprintf("%q", id)}, See: "utkik sources"}
	}
	holds, err := a.Store.Holds(cmd.Context(), id)
	if err != nil {
		return err
	}
	rulings, err := a.Store.Rulings(cmd.Context(), id)
	if err != nil {
		return err
	}
	covered, err := a.Store.Coverage(cmd.Context(), id, time.Time{})
	if err != nil {
		return err
	}
	var line *sourceLine
	if len(all) > 0 {
		l := sourceLineOf(all[0])
		line = &l
	}
	if p.json {
		return p.printSource(line, runs, covered, holds, rulings)
	}
	if line != nil {
		fmt.Fprintf(p.out, "%s: %s\n%s, kind %s, read every %s\n%s since %s: %s\n", line.ID, line.Name, line.Home, line.Kind, watch.Rhythm(all[0].Source.Every),
			line.State, stampOf(line.Since), line.Reason)
		for _, f := range line.Falls {
			fmt.Fprintln(p.out, f.Text)
		}
		fmt.Fprintln(p.out)
	}
	run := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(run, "RUN\tMODE\tSTARTED\tSEEN\tNEW\tCHANGED\tGONE\tHELD\tRESULT\tFAULT\tERROR")
	for _, r := range runs {
		fmt.Fprintf(run, "%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", r.ID, r.Kind, stamp(r.Started), r.Seen, r.Added, r.Changed, r.Gone, r.Quarantined,
			result(app.Line(r)), cmp.Or(string(r.Fault), "-"), r.Error)
	}
	if err := run.Flush(); err != nil {
		return err
	}
	if len(runs) > 0 && len(runs[0].Notes) > 0 {
		fmt.Fprintf(p.out, "\nNotes of run %d:\n", runs[0].ID)
		for _, n := range runs[0].Notes {
			fmt.Fprintln(p.out, " ", n)
		}
	}
	if err := p.showCoverage(covered); err != nil {
		return err
	}
	if len(holds) > 0 {
		fmt.Fprintf(p.out, "\nIn quarantine (%d); let in with `utkik sources release %s/REF`, leave out with `utkik sources drop %s/REF`:\n", len(holds), id, id)
		held := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, h := range holds {
			fmt.Fprintf(held, "  %s\tsince %s\t%s\t%s\n", h.Ref, stamp(h.Since), h.Reason, h.Call.Title)
		}
		if err := held.Flush(); err != nil {
			return err
		}
	}
	if len(rulings) == 0 {
		return nil
	}
	fmt.Fprintf(p.out, "\nDecided (%d):\n", len(rulings))
	decided := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, r := range rulings {
		fmt.Fprintf(decided, "  %s\t%s %s\t%s\theld as %s\n", r.Ref, r.Decision, stamp(r.At), r.Why, r.Reason)
	}
	return decided.Flush()
}

// showCoverage prints what the latest complete listing holds, beside the one before it.
func (p *program) showCoverage(covered []store.Covered) error {
	if len(covered) == 0 {
		return nil
	}
	now, before := covered[0].Coverage, watch.Coverage{}
	if len(covered) > 1 {
		before = covered[1].Coverage
	}
	fmt.Fprintf(p.out, "\nFields of the %d items of run %d:\n", now.Items, covered[0].Run)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fields := map[string]bool{}
	for _, c := range []watch.Coverage{now, before} {
		for f := range c.Have {
			fields[f] = true
		}
	}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		was := "-"
		if len(covered) > 1 {
			was = fmt.Sprintf("%.0f %%", 100*before.Share(f))
		}
		fmt.Fprintf(w, "  %s\t%d\t%.0f %%\tbefore %s\t\n", f, now.Have[f], 100*now.Share(f), was)
	}
	return w.Flush()
}

// shownRuns is how many runs of a source are listed.
const shownRuns = 10

type heldLine struct {
	Ref    string    `json:"ref"`
	Title  string    `json:"title"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

type rulingLine struct {
	Ref      string         `json:"ref"`
	Decision store.Decision `json:"decision"`
	Reason   string         `json:"reason"`
	Why      string         `json:"why"`
	At       time.Time      `json:"at"`
}

type coverageLine struct {
	Run   int64          `json:"run"`
	Items int            `json:"items"`
	Have  map[string]int `json:"have"`
}

func (p *program) printSource(line *sourceLine, runs []store.Run, covered []store.Covered, holds []store.Hold, rulings []store.Ruling) error {
	out := struct {
		Source   *sourceLine    `json:"source"`
		Runs     []app.RunLine  `json:"runs"`
		Coverage []coverageLine `json:"coverage"`
		Held     []heldLine     `json:"held"`
		Decided  []rulingLine   `json:"decided"`
	}{line, []app.RunLine{}, []coverageLine{}, []heldLine{}, []rulingLine{}}
	for _, r := range runs {
		out.Runs = append(out.Runs, app.Line(r))
	}
	for _, c := range covered[:min(len(covered), shownRuns)] {
		out.Coverage = append(out.Coverage, coverageLine{c.Run, c.Items, c.Have})
	}
	for _, h := range holds {
		out.Held = append(out.Held, heldLine{h.Ref, h.Call.Title, h.Reason, h.Since})
	}
	for _, r := range rulings {
		out.Decided = append(out.Decided, rulingLine{r.Ref, r.Decision, r.Reason, r.Why, r.At})
	}
	return p.printJSON(out)
}

func stampOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return stamp(*t)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(app.Stockholm()).Format("2006-01-02 15:04")
}

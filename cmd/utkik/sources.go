package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

// sourceLine is a source as `utkik sources` prints it.
type sourceLine struct {
	ID      string       `json:"id"`
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`
	Home    string       `json:"home"`
	Enabled bool         `json:"enabled"`
	Every   string       `json:"every"`
	State   string       `json:"state"`
	Held    int          `json:"held"`
	Last    *app.RunLine `json:"last_run"`
}

func (p *program) sourcesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sources [SOURCE]",
		Short: "List the sources and how they were read; or one with its runs and what it holds in quarantine",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if len(args) == 1 {
					return p.showSource(cmd, a, args[0])
				}
				return p.listSources(cmd, a)
			})
		},
	}
	return c
}

func (p *program) sourceLines(cmd *cobra.Command, a *app.App) ([]sourceLine, error) {
	var out []sourceLine
	for _, s := range a.Config.Sources() {
		l := sourceLine{ID: s.ID, Kind: s.Kind, Name: s.Name, Home: s.Home, Enabled: s.Enabled, Every: s.Every.String(), State: "never read"}
		runs, err := a.Store.Runs(cmd.Context(), s.ID, 0)
		if err != nil {
			return nil, err
		}
		// Reading stored documents again is no reading of the source, and must not hide that the last one failed.
		if i := slices.IndexFunc(runs, func(r store.Run) bool { return r.Kind != "reparse" }); i >= 0 {
			last := app.Line(runs[i])
			l.Last = &last
			l.State = result(last)
		}
		if !s.Enabled {
			l.State = "disabled"
		}
		holds, err := a.Store.Holds(cmd.Context(), s.ID)
		if err != nil {
			return nil, err
		}
		l.Held = len(holds)
		out = append(out, l)
	}
	return out, nil
}

func (p *program) listSources(cmd *cobra.Command, a *app.App) error {
	lines, err := p.sourceLines(cmd, a)
	if err != nil {
		return err
	}
	if p.json {
		return p.printJSON(struct {
			Sources []sourceLine `json:"sources"`
		}{lines})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tSTATE\tLAST READ\tSEEN\tHELD\tNAME")
	for _, l := range lines {
		read, seen := "-", "-"
		if l.Last != nil {
			read, seen = stamp(l.Last.Started), fmt.Sprint(l.Last.Seen)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", l.ID, l.State, read, seen, l.Held, l.Name)
	}
	return w.Flush()
}

func (p *program) showSource(cmd *cobra.Command, a *app.App, id string) error {
	lines, err := p.sourceLines(cmd, a)
	if err != nil {
		return err
	}
	var line *sourceLine
	for i := range lines {
		if lines[i].ID == id {
			line = &lines[i]
		}
	}
	runs, err := a.Store.Runs(cmd.Context(), id, shownRuns)
	if err != nil {
		return err
	}
	if line == nil && len(runs) == 0 {
		return &app.UnknownError{What: "source", Names: []string{fmt.Sprintf("%q", id)}, See: "utkik sources"}
	}
	holds, err := a.Store.Holds(cmd.Context(), id)
	if err != nil {
		return err
	}
	if p.json {
		return p.printSource(line, runs, holds)
	}
	if line != nil {
		fmt.Fprintf(p.out, "%s: %s\n%s, kind %s, read every %s, %s\n\n", line.ID, line.Name, line.Home, line.Kind, line.Every, line.State)
	}
	run := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(run, "RUN\tMODE\tSTARTED\tSEEN\tNEW\tCHANGED\tGONE\tHELD\tRESULT\tERROR")
	for _, r := range runs {
		fmt.Fprintf(run, "%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", r.ID, r.Kind, stamp(r.Started), r.Seen, r.Added, r.Changed, r.Gone, r.Quarantined, result(app.Line(r)), r.Error)
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
	if len(holds) == 0 {
		return nil
	}
	fmt.Fprintf(p.out, "\nIn quarantine (%d):\n", len(holds))
	held := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, h := range holds {
		fmt.Fprintf(held, "  %s\tsince %s\t%s\t%s\n", h.Ref, stamp(h.Since), h.Reason, h.Call.Title)
	}
	return held.Flush()
}

// shownRuns is how many runs of a source are listed.
const shownRuns = 10

type heldLine struct {
	Ref    string    `json:"ref"`
	Title  string    `json:"title"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

func (p *program) printSource(line *sourceLine, runs []store.Run, holds []store.Hold) error {
	out := struct {
		Source *sourceLine   `json:"source"`
		Runs   []app.RunLine `json:"runs"`
		Held   []heldLine    `json:"held"`
	}{line, []app.RunLine{}, []heldLine{}}
	for _, r := range runs {
		out.Runs = append(out.Runs, app.Line(r))
	}
	for _, h := range holds {
		out.Held = append(out.Held, heldLine{h.Ref, h.Call.Title, h.Reason, h.Since})
	}
	return p.printJSON(out)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(app.Stockholm()).Format("2006-01-02 15:04")
}

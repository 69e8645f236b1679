package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"utkik/index"
	"utkik/internal/app"
)

func (p *program) crawlCommand() *cobra.Command {
	var due bool
	c := &cobra.Command{
		Use:   "crawl [SOURCE...]",
		Short: "Read the sources once; then matches and index catch up",
		Long: `Reads the named sources once, or all enabled ones, saves what changed, and lets matches and index catch up.

With --due only those whose place in their rhythm has come since they were read, in the hours that crawler.hours allows: start it
every ten minutes, and sources are read as often as their files say, and not all at once.

Exit code 3 says that a source failed, was incomplete or looked so strange that it was quarantined; the others are saved.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if due {
					var err error
					if args, err = a.Due(cmd.Context(), args); err != nil {
						return err
					}
					if len(args) == 0 {
						return p.runsDone(nil)
					}
				}
				lines, err := a.Crawl(cmd.Context(), args)
				if err != nil {
					return p.stopped(lines, err)
				}
				if err := p.catchUp(cmd, a); err != nil {
					return p.stopped(lines, err)
				}
				return p.runsDone(lines)
			})
		},
	}
	c.Flags().BoolVar(&due, "due", false, "only sources whose time has come by their rhythm")
	return c
}

// catchUp lets matches and index follow the store. An index that a running server holds is left to that server.
func (p *program) catchUp(cmd *cobra.Command, a *app.App) error {
	err := a.CatchUp(cmd.Context())
	if errors.Is(err, index.ErrBusy) {
		fmt.Fprintln(p.err, "utkik: the index is in use by another utkik process; it follows by itself if that is `utkik serve`")
		return nil
	}
	return err
}

func (p *program) reparseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reparse [SOURCE...]",
		Short: "Read the stored documents again after a parser was mended, without a request",
		Long: `Reads the stored documents of the named sources again, or of all enabled ones, without a request. Where a field is read
otherwise than before a new version is written; its changes are marked as mended and come in no digest.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				lines, err := a.Reparse(cmd.Context(), args)
				if err != nil {
					return p.stopped(lines, err)
				}
				if err := p.catchUp(cmd, a); err != nil {
					return p.stopped(lines, err)
				}
				return p.runsDone(lines)
			})
		},
	}
}

// stopped prints the runs that there were before err stopped the rest.
func (p *program) stopped(lines []app.RunLine, err error) error {
	if len(lines) == 0 {
		return err
	}
	return errors.Join(p.printRuns(lines), err)
}

// runsDone prints runs and tells by its error whether all went well.
func (p *program) runsDone(lines []app.RunLine) error {
	if err := p.printRuns(lines); err != nil {
		return err
	}
	for _, l := range lines {
		if !l.OK() {
			return errPartial
		}
	}
	return nil
}

func (p *program) printRuns(lines []app.RunLine) error {
	if p.json {
		if lines == nil {
			lines = []app.RunLine{}
		}
		return p.printJSON(struct {
			Runs []app.RunLine `json:"runs"`
		}{lines})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tSEEN\tNEW\tCHANGED\tGONE\tHELD\tREQUESTS\t304\tBYTES\tRESULT")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", l.Source, l.Seen, l.Added, l.Changed, l.Gone, l.Quarantined,
			l.Requests, l.NotModified, l.Bytes, result(l))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range lines {
		if l.OK() {
			continue
		}
		if l.Error != "" {
			fmt.Fprintf(p.err, "utkik: %s: %s\n", l.Source, l.Error)
		}
		for i, n := range l.Notes {
			if i == maxNotes {
				fmt.Fprintf(p.err, "utkik: %s: and %d more notes; see utkik sources %s\n", l.Source, len(l.Notes)-i, l.Source)
				break
			}
			fmt.Fprintf(p.err, "utkik: %s: %s\n", l.Source, n)
		}
	}
	return nil
}

// maxNotes is how many notes of a run go to the terminal.
const maxNotes = 10

func result(l app.RunLine) string {
	switch {
	case l.Error != "" && !l.Complete:
		return "failed"
	case !l.Complete:
		return "incomplete"
	case l.Suspect:
		return "suspect"
	}
	return "complete"
}

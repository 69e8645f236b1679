package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) jobsCommand() *cobra.Command {
	var done bool
	c := &cobra.Command{
		Use:   "jobs",
		Short: "List what `utkik serve` does in the background: queued, running, failed and why",
		Long: `Lists the jobs of the whole installation, newest first. Failed ones were tried as often as their kind is: mend the cause
and let them be tried again with "utkik jobs retry ID". Sources are also crawled when their next time comes, and digests
written with the next ones, whatever became of a job.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				list, err := a.Jobs(cmd.Context(), done)
				if err != nil {
					return err
				}
				return p.printJobs(list)
			})
		},
	}
	c.Flags().BoolVar(&done, "done", false, "those of the last day that are done too")
	c.AddCommand(&cobra.Command{
		Use:   "retry ID",
		Short: "Let a job be tried again at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return usageError{fmt.Errorf("job %q: want its number, as `utkik jobs` lists it", args[0])}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				l, err := a.RetryJob(cmd.Context(), id)
				if err != nil {
					return err
				}
				return p.printJobs([]app.Job{l})
			})
		},
	})
	return c
}

// jobLine is a job as it is printed with --json.
type jobLine struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	Key     string    `json:"key"`
	Queue   string    `json:"queue"`
	State   string    `json:"state"`
	Try     int       `json:"try"`
	Tries   int       `json:"tries"`
	Added   time.Time `json:"added"`
	At      time.Time `json:"at"`
	Machine string    `json:"machine"`
	Error   string    `json:"error"`
}

func (p *program) printJobs(list []app.Job) error {
	if p.json {
		out := make([]jobLine, len(list))
		for i, l := range list {
			out[i] = jobLine{l.ID, l.Kind, l.Key, l.Queue, string(l.State), l.Try, l.Tries, l.Added, l.At, l.Machine, l.Error}
		}
		return p.printJSON(struct {
			Jobs []jobLine `json:"jobs"`
		}{out})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tOF\tSTATE\tTRY\tAT\tERROR")
	for _, l := range list {
		why, _, _ := strings.Cut(l.Error, "\n")
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d/%d\t%s\t%s\n", l.ID, l.Kind, l.Key, l.State, l.Try, l.Tries, l.At.In(app.Stockholm()).Format("2006-01-02 15:04:05"), why)
	}
	return w.Flush()
}

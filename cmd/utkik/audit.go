package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

// auditLine is a line of the audit log as `utkik audit --json` prints it.
type auditLine struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Way    string    `json:"way"`
	What   string    `json:"what"`
	On     string    `json:"on,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

func (p *program) auditCommand() *cobra.Command {
	var f store.AuditFilter
	var since, until string
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show who wrote what, and when, the latest first",
		Long: `Every write that a person or a program asked for is one line: on a page, by the interface, by a command, or by a link in a mail.
audit.keep in the configuration says for how long they are kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, d := range []struct {
				text string
				into *time.Time
				more int
			}{{since, &f.Since, 0}, {until, &f.Until, 1}} {
				if d.text == "" {
					continue
				}
				day, err := time.ParseInLocation(time.DateOnly, d.text, app.Stockholm())
				if err != nil {
					return usageError{fmt.Errorf("want a day such as 2026-06-30, got %q", d.text)}
				}
				*d.into = day.AddDate(0, 0, d.more)
			}
			if f.Limit < 0 {
				return usageError{errors.New("--limit: want 0, which is all, or more")}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				es, err := a.Store.AuditLog(cmd.Context(), f)
				if err != nil {
					return err
				}
				if p.json {
					out := []auditLine{}
					for _, e := range es {
						out = append(out, auditLine(e))
					}
					return p.printJSON(struct {
						Entries []auditLine `json:"entries"`
					}{out})
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "WHEN\tWHO\tHOW\tWHAT\tON\tMORE")
				for _, e := range es {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", stamp(e.At), e.Who, e.Way, e.What, e.On, e.Detail)
				}
				return w.Flush()
			})
		},
	}
	c.Flags().StringVar(&f.Who, "who", "", "only of `whom`, as the log has it: key:import, mail:anna@example.org")
	c.Flags().StringVar(&f.What, "what", "", "only `what`, as the log has it: decision.set")
	c.Flags().StringVar(&f.On, "on", "", "only on `what`, as the log has it")
	c.Flags().StringVar(&since, "since", "", "from this `day` on, in Stockholm")
	c.Flags().StringVar(&until, "until", "", "to the end of this `day`")
	c.Flags().IntVar(&f.Limit, "limit", 100, "at most so `many`; 0: all")
	return c
}

package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

func (p *program) changesCommand() *cobra.Command {
	var since, source string
	c := &cobra.Command{
		Use:   "changes",
		Short: "Print the change log",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := store.ChangeQuery{Source: source}
			if since != "" {
				t, err := time.Parse(time.RFC3339, since)
				if err != nil {
					return usageError{fmt.Errorf("--since %q: want a time with zone, such as 2026-04-23T06:00:00Z", since)}
				}
				q.Since = t
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				if source != "" {
					if err := knownSources(cmd.Context(), a, source); err != nil {
						return err
					}
				}
				changes, err := a.Store.Changes(cmd.Context(), q)
				if err != nil {
					return err
				}
				if p.json {
					for i := range changes {
						if err := p.printJSON(changes[i]); err != nil {
							return err
						}
					}
					return nil
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				for _, ch := range changes {
					fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", ch.Seq, ch.At.In(app.Stockholm()).Format("2006-01-02 15:04"), ch.Key(), ch.Event, ch.Field, fromTo(ch.Old, ch.New))
				}
				return w.Flush()
			})
		},
	}
	c.Flags().StringVar(&since, "since", "", "only changes seen at or after this `time` (RFC 3339)")
	c.Flags().StringVar(&source, "source", "", "only changes of this source")
	return c
}

func fromTo(from, to string) string {
	switch {
	case from == "":
		return to
	case to == "":
		return from + " -> nothing"
	}
	return from + " -> " + to
}

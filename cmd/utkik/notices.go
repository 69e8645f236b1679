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

// noticeLine is a notice as `utkik notices` prints it.
type noticeLine struct {
	Key    string     `json:"key"`
	Since  time.Time  `json:"since"`
	Text   string     `json:"text"`
	Told   *time.Time `json:"told"`
	Mended *time.Time `json:"mended"`
}

func (p *program) noticesCommand() *cobra.Command {
	var every bool
	c := &cobra.Command{
		Use:   "notices",
		Short: "List what the operator should know: what has been wrong for long, and what was mended",
		Long: `Lists what the operator should know: sources that have been in trouble for as long as operator.after says, and what else
needs a hand. With --all also what is mended. Exit code 3 says that something lasts.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if err := a.Watch(cmd.Context()); err != nil {
					return err
				}
				all, err := a.Store.EveryNotice(cmd.Context())
				if err != nil {
					return err
				}
				lasting := slices.ContainsFunc(all, func(n store.Notice) bool { return n.Mended.IsZero() })
				if !every {
					all = slices.DeleteFunc(all, func(n store.Notice) bool { return !n.Mended.IsZero() })
				}
				if err := p.printNotices(all); err != nil {
					return err
				}
				if lasting {
					return errPartial
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&every, "all", false, "also what is mended")
	return c
}

func (p *program) printNotices(all []store.Notice) error {
	if p.json {
		lines := []noticeLine{}
		for _, n := range all {
			lines = append(lines, noticeLine{n.Key, n.Since, n.Text, instant(n.Told), instant(n.Mended)})
		}
		return p.printJSON(struct {
			Notices []noticeLine `json:"notices"`
		}{lines})
	}
	if len(all) == 0 {
		fmt.Fprintln(p.out, "Nothing has been wrong for long.")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SINCE\tTOLD\tMENDED\tNOTICE")
	for _, n := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", stamp(n.Since), stamp(n.Told), stamp(n.Mended), n.Text)
	}
	return w.Flush()
}

package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

// sessionLine is a session as `utkik sessions --json` prints it.
type sessionLine struct {
	Who  string    `json:"who"`
	Name string    `json:"name"`
	Role string    `json:"role"`
	Made time.Time `json:"made"`
	Seen time.Time `json:"seen"`
	Ends time.Time `json:"ends"`
}

func (p *program) sessionsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sessions",
		Short: "List who is signed in",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				all, err := a.Sessions(cmd.Context())
				if err != nil {
					return err
				}
				if p.json {
					out := []sessionLine{}
					for _, s := range all {
						out = append(out, sessionLine{s.Actor, s.Name, s.Role, s.Made, s.Seen, s.Ends})
					}
					return p.printJSON(struct {
						Sessions []sessionLine `json:"sessions"`
					}{out})
				}
				w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "WHO\tNAME\tROLE\tSINCE\tSEEN\tUNTIL")
				for _, s := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Actor, s.Name, s.Role, stamp(s.Made), stamp(s.Seen), stamp(s.Ends))
				}
				return w.Flush()
			})
		},
	}
	c.AddCommand(&cobra.Command{
		Use:   "end WHO",
		Short: "Sign somebody out everywhere, such as mail:anna@example.org",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				n, err := a.Store.EndSessionsOf(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if n == 0 {
					return &app.UnknownError{What: "session of", Names: []string{fmt.Sprintf("%q", args[0])}, See: "utkik sessions"}
				}
				return nil
			})
		},
	})
	return c
}

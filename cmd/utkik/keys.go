package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/store"
)

// keyLine is a key as `utkik keys list --json` prints it. The key itself is shown once, when it is made.
type keyLine struct {
	Name    string     `json:"name"`
	Role    string     `json:"role"`
	State   string     `json:"state"` // open, over or revoked
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	Used    string     `json:"used,omitempty"` // last, as a UTC day
	Revoked *time.Time `json:"revoked,omitempty"`
	Key     string     `json:"key,omitempty"`
}

func (p *program) keysCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Keys by which programs are let in",
		Long: `A program that asks the interface sends its key with every request: Authorization: Bearer utk_...
A key has a role, a name by which the audit log speaks of it, and an end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(p.keysAddCommand(), p.keysListCommand(), &cobra.Command{
		Use:   "revoke NAME",
		Short: "End a key for good",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error { return a.RevokeKey(cmd.Context(), args[0]) })
		},
	})
	return c
}

func (p *program) keysAddCommand() *cobra.Command {
	var role, expires string
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a key and print it, this once",
		Long: `Makes a key and prints it. It is not kept, only what it is known by: whoever loses it makes another. A name is used once, since
the audit log speaks of keys by their names.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				ends, err := endOf(expires, a.Now())
				if err != nil {
					return usageError{err}
				}
				key, k, err := a.AddKey(cmd.Context(), args[0], role, ends)
				if err != nil {
					return err
				}
				if p.json {
					l := lineOfKey(k, a.Now())
					l.Key = key
					return p.printJSON(l)
				}
				fmt.Fprintln(p.out, key)
				fmt.Fprintf(p.err, "%s, until %s; it is not shown again\n", k.Role, stamp(k.Ends))
				return nil
			})
		},
	}
	c.Flags().StringVar(&role, "role", "reader", "`role` of who has it: reader, editor or admin")
	c.Flags().StringVar(&expires, "expires", "365d", "`when` it ends: days from now, 90d, or a day, 2027-06-30, to its end in UTC")
	return c
}

// endOf reads when a key ends.
func endOf(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 3650 {
			return time.Time{}, fmt.Errorf("--expires: want 1d to 3650d, got %q", text)
		}
		return now.AddDate(0, 0, n), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--expires: want days from now such as 90d, or a day such as 2027-06-30, got %q", text)
	}
	end := day.AddDate(0, 0, 1)
	if !end.After(now) {
		return time.Time{}, fmt.Errorf("--expires: %s is over", text)
	}
	return end, nil
}

func (p *program) keysListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List every key that there ever was",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				ks, err := a.Store.APIKeys(cmd.Context())
				if err != nil {
					return err
				}
				return p.listKeys(ks, a.Now())
			})
		},
	}
}

func lineOfKey(k store.APIKey, now time.Time) keyLine {
	l := keyLine{Name: k.Name, Role: k.Role, State: "open", Made: k.Made, Expires: k.Ends, Used: k.Used}
	switch {
	case !k.Revoked.IsZero():
		l.State, l.Revoked = "revoked", &k.Revoked
	case !k.Ends.After(now):
		l.State = "over"
	}
	return l
}

func (p *program) listKeys(ks []store.APIKey, now time.Time) error {
	lines := []keyLine{}
	for _, k := range ks {
		lines = append(lines, lineOfKey(k, now))
	}
	if p.json {
		return p.printJSON(struct {
			Keys []keyLine `json:"keys"`
		}{lines})
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(p.out, "no keys; make one with `utkik keys add NAME --role reader`")
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tROLE\tSTATE\tMADE\tUNTIL\tUSED")
	for _, l := range lines {
		used := l.Used
		if used == "" {
			used = "never"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, l.Role, l.State, stamp(l.Made), stamp(l.Expires), used)
	}
	return w.Flush()
}

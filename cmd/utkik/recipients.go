package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// recipientLine is a recipient as `utkik recipients --json` prints it.
type recipientLine struct {
	subscription.Recipient
	State  string `json:"state"`
	Told   string `json:"told,omitempty"` // the latest period
	Cursor int64  `json:"cursor"`         // seq of the change log through which it has been told
}

func (p *program) recipientsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "recipients [RECIPIENT]",
		Short: "List who is sent mail, and what they follow",
		Long: `Lists the recipients of digests, or shows one. A recipient is a department or a person. It gets one mail for everything
that it follows, every item once. doc/mail.md explains rhythm, pauses and what can be followed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				rs, err := a.Store.Recipients(cmd.Context())
				if err != nil {
					return err
				}
				if len(args) == 1 {
					r, err := a.Recipient(cmd.Context(), args[0])
					if err != nil {
						return err
					}
					if !p.json {
						return p.showRecipient(a, r)
					}
					return p.printJSON(lineOf(a, r))
				}
				return p.listRecipients(a, rs)
			})
		},
	}
	c.AddCommand(p.recipientsAddCommand(), p.recipientsSetCommand(), p.recipientsPauseCommand(), p.recipientsResumeCommand(),
		p.recipientsRemoveCommand(), p.recipientsActsCommand(), p.recipientsImportCommand(), p.recipientsExportCommand())
	return c
}

func lineOf(a *app.App, r subscription.Recipient) recipientLine {
	l := recipientLine{Recipient: r, State: "active", Told: r.Progress.Period, Cursor: r.Progress.Cursor}
	_, why := r.Due(a.Now(), app.Works)
	switch {
	case r.Suspended.Is():
		l.State = "suspended"
	case why == subscription.WhyPaused:
		l.State = "paused"
	case r.Pause.StandIn != "" && r.Pause.Until > a.Now().In(app.Stockholm()).Format("2006-01-02"):
		l.State = "stand-in"
	}
	return l
}

func (p *program) listRecipients(a *app.App, rs []subscription.Recipient) error {
	if p.json {
		out := []recipientLine{}
		for _, r := range rs {
			out = append(out, lineOf(a, r))
		}
		return p.printJSON(struct {
			Recipients []recipientLine `json:"recipients"`
		}{out})
	}
	if len(rs) == 0 {
		_, err := fmt.Fprintln(p.out, "no recipients; add one with `utkik recipients add ID --address ADDRESS --department DEPARTMENT`")
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECIPIENT\tSTATE\tRHYTHM\tLANG\tTOLD\tADDRESS\tFOLLOWS")
	for _, r := range rs {
		l := lineOf(a, r)
		follows := make([]string, len(r.Follows))
		for i, f := range r.Follows {
			follows[i] = f.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, l.State, rhythmOf(r), r.Language, cmp.Or(l.Told, "-"), r.Address, strings.Join(follows, "; "))
	}
	return w.Flush()
}

func rhythmOf(r subscription.Recipient) string {
	if r.Weekday != "" {
		return string(r.Rhythm) + " " + string(r.Weekday)
	}
	return string(r.Rhythm)
}

func (p *program) showRecipient(a *app.App, r subscription.Recipient) error {
	l := lineOf(a, r)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("recipient", r.ID)
	row("name", r.Name)
	row("address", r.Address)
	row("department", r.Department)
	row("language", r.Language)
	row("rhythm", fmt.Sprintf("%s, from %02d:00 %s", rhythmOf(r), r.Hour, r.Zone))
	row("state", l.State)
	row("paused until", r.Pause.Until)
	row("stand-in", r.Pause.StandIn)
	if r.Suspended.Is() {
		row("suspended", fmt.Sprintf("since %s: %s; `utkik recipients resume %s` when it is mended", stamp(r.Suspended.Since), r.Suspended.Reason, r.ID))
	}
	row("told", cmp.Or(l.Told, "nothing yet"))
	if next, ok := r.Next(a.Now(), app.Works); ok {
		row("next", stamp(next))
	}
	for _, f := range r.Follows {
		row("follows", f.String())
	}
	return w.Flush()
}

// recipientFlags are what add and set share.
type recipientFlags struct {
	address, name, department, language, zone, rhythm string
	hour                                              int
	lifesign                                          bool
	follow                                            []string
}

func (v *recipientFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&v.address, "address", "", "where mail goes")
	f.StringVar(&v.name, "name", "", "how the mail calls the reader (default the department's name)")
	f.StringVar(&v.department, "department", "", "`id` of the plan's department that it belongs to, and follows unless --follow says otherwise")
	f.StringVar(&v.language, "lang", "sv", "sv or en")
	f.StringVar(&v.zone, "zone", "Europe/Stockholm", "time zone of --hour")
	f.IntVar(&v.hour, "hour", 7, "local hour from which a day's mail may leave")
	f.StringVar(&v.rhythm, "rhythm", "daily", "daily, weekly:DAY such as weekly:monday, or monthly")
	f.BoolVar(&v.lifesign, "sign-of-life", true, "a mail a month even when nothing came")
	f.StringArrayVar(&v.follow, "follow", nil, "`what` is followed, such as 'priority:kultur kind:consultation' or 'search:vätgas'; again for more")
}

// apply sets what was given on the command line, or, of a new recipient, all.
func (v *recipientFlags) apply(a *app.App, c *cobra.Command, r *subscription.Recipient, all bool) error {
	given := func(name string) bool { return all || c.Flags().Changed(name) }
	if given("address") {
		r.Address = v.address
	}
	if given("department") {
		r.Department = v.department
	}
	if given("name") {
		r.Name = v.name
		if r.Name == "" && r.Department != "" {
			r.Name = a.DepartmentName(r.Department)
		}
	}
	if given("lang") {
		r.Language = v.language
	}
	if given("zone") {
		r.Zone = v.zone
	}
	if given("hour") {
		r.Hour = v.hour
	}
	if given("sign-of-life") {
		r.Lifesign = v.lifesign
	}
	if given("rhythm") {
		rhythm, day, _ := strings.Cut(v.rhythm, ":")
		r.Rhythm, r.Weekday = subscription.Rhythm(rhythm), subscription.Weekday(day)
	}
	if given("follow") {
		r.Follows = nil
		for _, text := range v.follow {
			s, err := subscription.Parse(text)
			if err != nil {
				return usageError{fmt.Errorf("--follow %v", err)}
			}
			r.Follows = append(r.Follows, s)
		}
		if len(r.Follows) == 0 && r.Department != "" {
			r.Follows = []subscription.Subscription{{Departments: []string{r.Department}}}
		}
	}
	return nil
}

func (p *program) recipientsAddCommand() *cobra.Command {
	var v recipientFlags
	c := &cobra.Command{
		Use:   "add RECIPIENT --address ADDRESS",
		Short: "Add a recipient; it is told what happens from today on",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				r := config.NewRecipient(args[0])
				if err := v.apply(a, cmd, &r, true); err != nil {
					return err
				}
				err := a.SaveRecipient(cmd.Context(), r, true)
				if errors.Is(err, store.ErrExists) {
					return usageError{fmt.Errorf("%w; alter it with `utkik recipients set %s`", err, r.ID)}
				}
				return err
			})
		},
	}
	v.register(c)
	return c
}

func (p *program) recipientsSetCommand() *cobra.Command {
	var v recipientFlags
	c := &cobra.Command{
		Use:   "set RECIPIENT",
		Short: "Alter what is given of a recipient; --follow replaces all that it follows",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				r, err := a.Recipient(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := v.apply(a, cmd, &r, false); err != nil {
					return err
				}
				return a.SaveRecipient(cmd.Context(), r, false)
			})
		},
	}
	v.register(c)
	return c
}

func (p *program) recipientsPauseCommand() *cobra.Command {
	var until, standIn string
	c := &cobra.Command{
		Use:   "pause RECIPIENT --until DAY",
		Short: "Keep a recipient's mail back until a day, or let it go to a stand-in",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				r, err := a.Recipient(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if until == "" {
					return usageError{errors.New("name the first day on which mail comes again, with --until 2026-08-10")}
				}
				r.Pause = subscription.Pause{Until: until, StandIn: standIn}
				return a.SaveRecipient(cmd.Context(), r, false)
			})
		},
	}
	c.Flags().StringVar(&until, "until", "", "first `day` on which mail comes again, such as 2026-08-10")
	c.Flags().StringVar(&standIn, "stand-in", "", "`address` that gets the mail meanwhile")
	return c
}

func (p *program) recipientsResumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume RECIPIENT",
		Short: "End a pause, and let mail go again to an address that was refused",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				r, err := a.Recipient(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := a.Store.PauseRecipient(cmd.Context(), r.ID, subscription.Pause{}); err != nil {
					return err
				}
				n, err := a.Store.LiftSuspension(cmd.Context(), r.Address, a.Now())
				if err == nil && n > 0 {
					_, err = fmt.Fprintf(p.out, "%d mails to %s are queued again\n", n, r.Address)
				}
				return err
			})
		},
	}
}

func (p *program) recipientsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove RECIPIENT",
		Short: "Forget a recipient; what it was sent stays in the outbox",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				if _, err := a.Recipient(cmd.Context(), args[0]); err != nil {
					return err
				}
				return a.Store.RemoveRecipient(cmd.Context(), args[0])
			})
		},
	}
}

func (p *program) recipientsImportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE.yaml",
		Short: "Add or alter the recipients of a file: all of them, or none if anything is wrong",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return usageError{err}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				added, changed, err := a.ImportRecipients(cmd.Context(), args[0], data)
				if err != nil {
					return err
				}
				if p.json {
					return p.printJSON(struct {
						Added   int `json:"added"`
						Changed int `json:"changed"`
					}{added, changed})
				}
				_, err = fmt.Fprintf(p.out, "%d recipients added, %d altered\n", added, changed)
				return err
			})
		},
	}
}

func (p *program) recipientsExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print the recipients as a file that import reads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				rs, err := a.Store.Recipients(cmd.Context())
				if err != nil {
					return err
				}
				if p.json {
					return p.listRecipients(a, rs)
				}
				out, err := config.EncodeRecipients(rs)
				if err != nil {
					return err
				}
				_, err = p.out.Write(out)
				return err
			})
		},
	}
}

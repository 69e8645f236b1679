package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/digest"
	"utkik/internal/subscription"
)

// digestFlags are what `utkik digest` is asked for.
type digestFlags struct {
	department, date, format, lang string
	all, send                      bool
	eml                            string
	replay, plan                   string
	follow                         []string
}

func (p *program) digestCommand() *cobra.Command {
	var v digestFlags
	c := &cobra.Command{
		Use:   "digest --department ID",
		Short: "Print what a department should know of one day, or send what is due",
		Long: `Prints what changed for a department on one day (Swedish time), what opens and closes soon, why each item is there, and
which sources were read.

With --send, writes what is due for the recipients (all, or those of the named department) to the outbox and sends it: to each
what has happened since its last mail. While mail.host is not configured nothing is written or sent, and what would be
is listed.

With --replay FROM TO, tells what a daily reader would have been sent, for a department, a plan file or what --follow names.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if v.lang != "sv" && v.lang != "en" {
				return usageError{fmt.Errorf("--lang %q: want sv or en", v.lang)}
			}
			if p.json {
				v.format = "json"
			}
			switch {
			case v.replay != "":
				return p.replayDigests(cmd, &v, args)
			case len(args) > 0:
				return usageError{fmt.Errorf("unexpected %q; a second day belongs to --replay", args[0])}
			case len(v.follow) > 0 || v.plan != "":
				return usageError{errors.New("--follow and --plan belong to --replay; a recipient follows by `utkik recipients`")}
			case v.send:
				return p.sendDigests(cmd, &v)
			}
			return p.printDigests(cmd, &v)
		},
	}
	c.AddCommand(p.templatesCommand())
	f := c.Flags()
	f.StringVar(&v.department, "department", "", "`id` of the department")
	f.BoolVar(&v.all, "all", false, "every department, one after the other")
	f.StringVar(&v.date, "date", "", "`day`, such as 2026-04-23 (default today in Swedish time)")
	f.StringVar(&v.format, "format", "text", "text, html, eml or json")
	f.StringVar(&v.eml, "eml", "", "write the digest as a mail to this `file`")
	f.StringVar(&v.lang, "lang", "sv", "sv or en")
	f.BoolVar(&v.send, "send", false, "send what is due for the recipients")
	f.StringVar(&v.replay, "replay", "", "tell what would have been sent from this `day` to the one that follows")
	f.StringVar(&v.plan, "plan", "", "replay: id or `file` of a plan, in place of the one in force")
	f.StringArrayVar(&v.follow, "follow", nil, "replay: `what` is followed, such as 'priority:kultur kind:call'; again for more")
	return c
}

func (p *program) printDigests(cmd *cobra.Command, v *digestFlags) error {
	if v.all == (v.department != "") {
		return usageError{errors.New("name a department with --department, or take --all; `utkik plan show` lists them")}
	}
	if _, err := time.Parse(time.DateOnly, v.date); v.date != "" && err != nil {
		return usageError{fmt.Errorf("--date %q: want a day such as 2026-04-23", v.date)}
	}
	if v.eml != "" {
		if v.all {
			return usageError{errors.New("--eml takes one digest: name a department")}
		}
		v.format = "eml"
	}
	return p.with(cmd.Context(), func(a *app.App) error {
		render, err := renderer(a, v.format)
		if err != nil {
			return err
		}
		if v.date == "" {
			v.date = a.Now().In(app.Stockholm()).Format(time.DateOnly)
		}
		ids := []string{v.department}
		if v.all {
			ids = nil
			for _, d := range a.Plan.Departments {
				ids = append(ids, d.ID)
			}
		}
		ds, err := a.Digests(cmd.Context(), ids, v.date, v.lang)
		if err != nil {
			return err
		}
		for _, d := range ds {
			out, err := render(d)
			if err != nil {
				return err
			}
			if v.eml != "" {
				return os.WriteFile(v.eml, []byte(out), 0o644)
			}
			if _, err := fmt.Fprintln(p.out, strings.TrimRight(out, "\n")); err != nil {
				return err
			}
		}
		return nil
	})
}

func renderer(a *app.App, format string) (func(digest.Digest) (string, error), error) {
	templates := a.Templates()
	switch format {
	case "text":
		return templates.Text, nil
	case "html":
		return func(d digest.Digest) (string, error) { b, err := templates.HTML(d); return string(b), err }, nil
	case "json":
		return func(d digest.Digest) (string, error) { b, err := digest.JSON(d); return string(b), err }, nil
	case "eml":
		return func(d digest.Digest) (string, error) { b, err := a.EML(d); return string(b), err }, nil
	}
	return nil, usageError{fmt.Errorf("--format %q: want text, html, eml or json", format)}
}

// sentLine is a mail as `utkik digest --send --json` prints it.
type sentLine struct {
	Key       string `json:"key"`
	Recipient string `json:"recipient"`
	Kind      string `json:"kind"`
	Address   string `json:"address"`
	Subject   string `json:"subject"`
	Items     int    `json:"items"`
}

// sentLines is what `utkik digest --send --json` prints.
type sentLines struct {
	Dry     bool       `json:"dry"`
	Written []sentLine `json:"written"`
	Quiet   int        `json:"quiet"`
	NotDue  int        `json:"not_due"`
	Held    int        `json:"held"`
	Failed  []string   `json:"failed"`
	sending
}

func (p *program) sendDigests(cmd *cobra.Command, v *digestFlags) error {
	if v.all && v.department != "" {
		return usageError{errors.New("--all and --department exclude each other")}
	}
	if v.date != "" || v.eml != "" {
		return usageError{errors.New("--send tells what has happened since the last mail, and takes neither --date nor --eml")}
	}
	return p.with(cmd.Context(), func(a *app.App) error {
		if _, ok := a.Plan.Department(v.department); v.department != "" && !ok {
			return &app.UnknownError{What: "department", Names: []string{fmt.Sprintf("%q", v.department)}, See: "utkik plan show"}
		}
		dry := a.Config.Mail.Host == ""
		w, err := a.WriteDigests(cmd.Context(), app.WriteOptions{Department: v.department, Dry: dry})
		if err != nil {
			return err
		}
		out := sentLines{Dry: dry, Written: []sentLine{}, Quiet: w.Quiet, NotDue: w.NotDue, Held: w.Held, Failed: []string{}}
		for _, m := range w.Mails {
			out.Written = append(out.Written, sentLine{m.Key.String(), m.Key.Recipient, m.Kind, m.Address, m.Subject, m.Items})
		}
		for _, f := range slices.Concat(w.Templates, w.Failed, w.None) {
			out.Failed = append(out.Failed, f.String())
		}
		if !dry {
			if out.sending, err = p.sendMails(cmd, a); err != nil {
				return err
			}
		}
		if err := p.tellSent(out, w); err != nil {
			return err
		}
		if len(out.Failed) > 0 || out.sending.gaps() {
			return errPartial
		}
		return nil
	})
}

func (p *program) tellSent(out sentLines, w app.Written) error {
	if p.json {
		return p.printJSON(out)
	}
	if out.Dry {
		fmt.Fprintln(p.out, app.ErrDry.Error()+". What would be:")
	}
	if len(out.Written) > 0 {
		t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "MAIL\tITEMS\tADDRESS\tSUBJECT")
		for _, m := range out.Written {
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", m.Key, m.Items, m.Address, m.Subject)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	verb := "written"
	if out.Dry {
		verb = "to write"
	}
	fmt.Fprintf(p.out, "%d mails %s, nothing new for %d, %d not due", len(out.Written), verb, out.Quiet, out.NotDue)
	if !w.Next.IsZero() {
		fmt.Fprintf(p.out, " (the next at %s)", stamp(w.Next))
	}
	if out.Held > 0 {
		fmt.Fprintf(p.out, ", %d paused or suspended", out.Held)
	}
	fmt.Fprintln(p.out)
	for _, f := range out.Failed {
		fmt.Fprintln(p.err, "utkik:", f)
	}
	if out.Dry {
		return nil
	}
	return p.tellSending(out.sending)
}

func (p *program) replayDigests(cmd *cobra.Command, v *digestFlags, args []string) error {
	var days []time.Time
	for _, s := range append([]string{v.replay}, args...) {
		day, err := time.ParseInLocation(time.DateOnly, s, app.Stockholm())
		if err != nil {
			return usageError{fmt.Errorf("--replay %q: want two days such as 2026-04-01 2026-06-30", s)}
		}
		days = append(days, day)
	}
	if len(days) != 2 || days[1].Before(days[0]) {
		return usageError{errors.New("--replay wants two days, the earlier first, such as --replay 2026-04-01 2026-06-30")}
	}
	if v.send || v.all || v.date != "" || v.eml != "" {
		return usageError{errors.New("--replay sends nothing, and takes none of --send, --all, --date and --eml")}
	}
	if v.format != "text" && v.format != "json" {
		return usageError{fmt.Errorf("--format %q: a replay is text or json", v.format)}
	}
	o := app.ReplayOptions{From: days[0], To: days[1], Language: v.lang}
	for _, text := range v.follow {
		s, err := subscription.Parse(text)
		if err != nil {
			return usageError{fmt.Errorf("--follow %v", err)}
		}
		o.Follows = append(o.Follows, s)
	}
	if v.department != "" {
		o.Follows = append(o.Follows, subscription.Subscription{Departments: []string{v.department}})
	}
	return p.with(cmd.Context(), func(a *app.App) error {
		o.Plan = a.Plan
		if v.plan != "" {
			pl, err := loadPlan(a.Config, v.plan)
			if err != nil {
				return err
			}
			o.Plan = pl
		}
		if len(o.Follows) == 0 && v.plan != "" {
			o.Follows = []subscription.Subscription{{Priorities: o.Plan.PriorityIDs()}}
		}
		if len(o.Follows) == 0 {
			return usageError{errors.New("name whom the replay is for: --department, --plan or --follow")}
		}
		r, err := a.Replay(cmd.Context(), o)
		if err != nil {
			return usageError{err}
		}
		return p.tellReplay(r)
	})
}

func (p *program) tellReplay(r app.Replay) error {
	if p.json {
		return p.printJSON(r)
	}
	for _, d := range r.Days {
		fmt.Fprintf(p.out, "%s  %d items  %s\n", d.Date, d.Items, d.Subject)
		for _, it := range d.Told {
			fmt.Fprintf(p.out, "    %s  %s/%s  %s\n", it.Section, it.Source, it.Ref, it.Title)
		}
	}
	fmt.Fprintf(p.out, "%d mails with %d items from %s to %s\n", r.Mails, r.Items, r.From, r.To)
	if len(r.Over) > 0 {
		fmt.Fprintf(p.out, "warning: more than %d items on %d days, which few will read to the end: %s\n", app.TooMany, len(r.Over), strings.Join(r.Over, ", "))
	}
	return nil
}

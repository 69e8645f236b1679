package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/subscription"
)

// decisionLine is a decision as `utkik decide --json` prints it.
type decisionLine struct {
	Source     string              `json:"source"`
	Ref        string              `json:"ref"`
	Department string              `json:"department,omitempty"`
	Recipient  string              `json:"recipient,omitempty"`
	Decision   subscription.Choice `json:"decision"`
	Why        string              `json:"why,omitempty"`
	Who        string              `json:"who,omitempty"`
	At         time.Time           `json:"at"`
}

func (p *program) decideCommand() *cobra.Command {
	var department, recipient, why, who string
	c := &cobra.Command{
		Use:   "decide [SOURCE/REF [follow|act|not-relevant|none]]",
		Short: "Decide about a call for a department, or list what was decided",
		Long: `Keeps what a department, or one recipient, decided about a call: follow it, act on it (we take this one), or that it is not
relevant, with a reason. Changes of what is followed or acted on are told whatever else is followed; what is not relevant is
told no more. none takes a decision back. Without a decision, lists every decision about the call, oldest first; without a
call, those in force.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var key call.Key
			if len(args) > 0 {
				var err error
				if key, err = call.ParseKey(args[0]); err != nil {
					return usageError{err}
				}
			}
			if len(args) < 2 {
				return p.with(cmd.Context(), func(a *app.App) error {
					ds, err := a.Decisions(cmd.Context(), key)
					if err != nil {
						return err
					}
					return p.listDecisions(ds)
				})
			}
			d := subscription.Decision{Key: key, Department: department, Recipient: recipient, Choice: subscription.Choice(args[1]), Why: why, Who: who}
			if department == "" && recipient == "" {
				return usageError{errors.New("say whose decision it is, with --department or --recipient")}
			}
			if err := d.Check(); err != nil {
				return usageError{err}
			}
			return p.with(cmd.Context(), func(a *app.App) error { return a.Decide(cmd.Context(), d) })
		},
	}
	c.Flags().StringVar(&department, "department", "", "`id` of the department that decided")
	c.Flags().StringVar(&recipient, "recipient", "", "`id` of the recipient who decided for itself")
	c.Flags().StringVar(&why, "why", "", "the reason; not-relevant needs one")
	c.Flags().StringVar(&who, "who", "", "who decided, as a role")
	return c
}

func (p *program) listDecisions(ds []subscription.Decision) error {
	if p.json {
		out := []decisionLine{}
		for _, d := range ds {
			out = append(out, decisionLine{d.Key.Source, d.Key.Ref, d.Department, d.Recipient, d.Choice, d.Why, d.Who, d.At})
		}
		return p.printJSON(struct {
			Decisions []decisionLine `json:"decisions"`
		}{out})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CALL\tWHOSE\tDECISION\tWHEN\tWHO\tWHY")
	for _, d := range ds {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Key, d.Department+d.Recipient, d.Choice, stamp(d.At), d.Who, d.Why)
	}
	return w.Flush()
}

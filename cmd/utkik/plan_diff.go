package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) planDiffCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show which calls would enter and leave if one plan replaced another",
		Long: `Matches the stored calls that are open or forthcoming with both plans, each named by its id or its file, and shows by
priority what would enter a digest, with the reason, what would leave, and how many stay. Nothing is stored or sent.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			before, err := cfg.LoadPlan(args[0])
			if err != nil {
				return err
			}
			after, err := cfg.LoadPlan(args[1])
			if err != nil {
				return err
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				d, err := app.DiffPlans(cmd.Context(), a.Store, before, after, a.Now(), all)
				if err != nil {
					return err
				}
				if p.json {
					return p.printJSON(d)
				}
				p.showDiff(d, args, all)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "match every stored call, closed and gone ones too")
	return c
}

// showDiff prints d for people. The plans are called what they were called in the command: two versions of a plan have
// one id.
func (p *program) showDiff(d app.PlanDiff, names []string, all bool) {
	which := "open or forthcoming calls"
	if all {
		which = "stored calls"
	}
	fmt.Fprintf(p.out, "%s -> %s: %d %s\n", names[0], names[1], d.Calls, which)
	if len(d.Added) > 0 {
		fmt.Fprintf(p.out, "Only in the new plan: %s\n", strings.Join(d.Added, ", "))
	}
	if len(d.Removed) > 0 {
		fmt.Fprintf(p.out, "Only in the old plan: %s\n", strings.Join(d.Removed, ", "))
	}
	for _, pr := range d.Priorities {
		note := ""
		if pr.In != "both" {
			note = ", only in the " + pr.In + " plan"
		}
		fmt.Fprintf(p.out, "\n%s: %s (%d enter, %d leave, %d stay%s)\n", pr.Priority, pr.Name, len(pr.Enter), len(pr.Leave), pr.Stay, note)
		for _, m := range pr.Enter {
			fmt.Fprintf(p.out, "  + %s/%s  %s\n", m.Source, m.Ref, cmp.Or(m.Title, "(without a title)"))
			fmt.Fprintf(p.out, "      %.2f, was %.2f: %q in %s: %s | %s\n", m.NewScore, m.OldScore, m.Reason.Term, m.Reason.Field, m.Reason.CallText, m.Reason.PriorityText)
		}
		for _, m := range pr.Leave {
			fmt.Fprintf(p.out, "  - %s/%s  %s\n", m.Source, m.Ref, cmp.Or(m.Title, "(without a title)"))
			fmt.Fprintf(p.out, "      %.2f, was %.2f by %q in %s\n", m.NewScore, m.OldScore, m.Reason.Term, m.Reason.Field)
		}
	}
}

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"utkik/config"
	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
)

func (p *program) planCommand() *cobra.Command {
	c := &cobra.Command{Use: "plan", Short: "Show and check plans", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(p.planShowCommand(), p.planCheckCommand(), p.planDraftCommand(), p.planDiffCommand())
	return c
}

func (p *program) planShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [PLAN]",
		Short: "Print a plan: goals, priorities, activities, networks, departments",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			pl, _, err := p.plan(args)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(pl)
			}
			p.showPlan(pl)
			return nil
		},
	}
}

// plan gives the named plan, or the configured one, and its name.
func (p *program) plan(args []string) (*plan.Plan, string, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, "", err
	}
	name := cfg.Plan
	if len(args) == 1 {
		name = args[0]
	}
	pl, err := loadPlan(cfg, name)
	return pl, name, err
}

// loadPlan reads a plan. One that is not there or has mistakes is a mistake of whoever named it.
func loadPlan(cfg *config.Config, name string) (*plan.Plan, error) {
	pl, err := cfg.LoadPlan(name)
	if err != nil {
		return nil, usageError{err}
	}
	return pl, nil
}

func (p *program) showPlan(pl *plan.Plan) {
	fmt.Fprintf(p.out, "%s (%s), %s\n%s\n", pl.Name, pl.ID, pl.Authority, pl.Document)
	for _, g := range pl.Goals {
		fmt.Fprintf(p.out, "\nGoal %s: %s\n", g.ID, g.Name)
		for _, a := range g.Aims {
			fmt.Fprintf(p.out, "  > %s\n", a)
		}
		p.showActivities(g.Activities)
	}
	for _, pr := range pl.Priorities {
		fmt.Fprintf(p.out, "\nPriority %s: %s (goals: %s; %d terms, %d rules, %d learned words)\n", pr.ID, pr.Name, strings.Join(pr.Goals, ", "), len(pr.Vocabulary), len(pr.Rules), len(pr.Learned))
		p.showActivities(pr.Activities)
	}
	fmt.Fprintln(p.out, "\nNetworks")
	for _, n := range pl.Networks {
		fmt.Fprintf(p.out, "  %s: %s\n", n.ID, n.Name)
	}
	fmt.Fprintln(p.out, "\nDepartments")
	for _, d := range pl.Departments {
		fmt.Fprintf(p.out, "  %s: %s: %s\n", d.ID, d.Name, strings.Join(d.Priorities, ", "))
	}
}

func (p *program) showActivities(as []plan.Activity) {
	for _, a := range as {
		fmt.Fprintf(p.out, "  - %s: %s", a.Heading, a.Text)
		if len(a.Networks) > 0 {
			fmt.Fprintf(p.out, " [%s]", strings.Join(a.Networks, ", "))
		}
		fmt.Fprintln(p.out)
	}
}

func (p *program) planCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a plan file, and its vocabulary against the stored calls",
		Long: `Checks a plan: every mistake with its line. Then holds its vocabulary against the stored calls: terms that never match,
that match too much, that stand twice or contradict each other. Mistakes end in exit code 2; findings are advice.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pl, name, err := p.plan(args)
			if err != nil {
				return err
			}
			calls, err := p.storedCalls(cmd.Context())
			if err != nil {
				return err
			}
			findings := match.Check(pl, calls)
			if p.json {
				lines := []findingLine{}
				for _, f := range findings {
					lines = append(lines, findingLine{f.Line, f.Priority, f.Term, string(f.Problem), f.Text})
				}
				return p.printJSON(lines)
			}
			unused := 0
			for _, f := range findings {
				if f.Problem == match.ProblemUnused {
					unused++
					continue
				}
				fmt.Fprintf(p.out, "%s:%d: %s: %q %s\n", name, f.Line, f.Priority, f.Term, f.Text)
			}
			switch {
			case len(calls) == 0:
				fmt.Fprintf(p.out, "%s: no calls are stored, so the vocabulary was not held against any; crawl or import first\n", name)
			case unused > 0:
				fmt.Fprintf(p.out, "%s: %d terms fit none of the %d stored calls; --json lists them\n", name, unused, len(calls))
			}
			rows := 0
			for _, g := range pl.Goals {
				rows += len(g.Activities)
			}
			for _, pr := range pl.Priorities {
				rows += len(pr.Activities)
			}
			fmt.Fprintf(p.out, "%s: no mistakes; %d goals, %d priorities, %d activity rows, %d networks, %d departments; %d findings against %d stored calls\n",
				name, len(pl.Goals), len(pl.Priorities), rows, len(pl.Networks), len(pl.Departments), len(findings), len(calls))
			return nil
		},
	}
}

// findingLine is advice as `utkik plan check --json` prints it.
type findingLine struct {
	Line     int    `json:"line"`
	Priority string `json:"priority"`
	Term     string `json:"term"`
	Problem  string `json:"problem"`
	Text     string `json:"text"`
}

func (p *program) storedCalls(ctx context.Context) (calls []call.Call, err error) {
	err = p.with(ctx, func(a *app.App) error {
		return a.Store.EachRecord(ctx, func(r store.Record) error {
			calls = append(calls, r.Call)
			return nil
		})
	})
	return calls, err
}

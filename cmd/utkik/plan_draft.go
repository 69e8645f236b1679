package main

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) planDraftCommand() *cobra.Command {
	var id string
	c := &cobra.Command{
		Use:   "draft FILE",
		Short: "Write a first plan file of an action plan (text, DOCX or PDF)",
		Long: `Reads an action plan as people wrote it and prints a first plan file: goals ("1. … genom att:"), aims (➤), the rows of tables
with the columns Prioritering, Aktivitet, Nätverk, networks, and a suggested vocabulary in Swedish and English. What is
uncertain is marked "# granska:". Names of persons are left out. A PDF needs pdftotext (poppler).

    utkik plan draft handlingsplan.docx --id var-plan > var-plan.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if id != "" && !planID.MatchString(id) {
				return usageError{fmt.Errorf("--id %q is no id; want small letters a to z, digits and single hyphens", id)}
			}
			d, err := app.DraftPlan(cmd.Context(), args[0], id)
			if err != nil {
				return err
			}
			if _, err := p.out.Write(d.YAML); err != nil {
				return err
			}
			fmt.Fprintf(p.err, "%s: %s. Review what is marked \"granska:\", then run `utkik plan check`.\n", args[0], d.Summary)
			return nil
		},
	}
	c.Flags().StringVar(&id, "id", "", "`id` of the plan (default: made of its title)")
	return c
}

var planID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

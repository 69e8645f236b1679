package main

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the search page",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app.App) error {
				l, err := net.Listen("tcp", a.Config.Web.Listen)
				if err != nil {
					return fmt.Errorf("%v; choose another address with --listen", err)
				}
				fmt.Fprintf(p.out, "http://%s/\n", l.Addr())
				return a.Serve(cmd.Context(), l)
			})
		},
	}
	c.Flags().StringVar(&p.flags.Listen, "listen", "", "`address` to listen on (default 127.0.0.1:8080)")
	return c
}

import { ActionIcon, Button, createTheme, Menu, Textarea, TextInput, Tooltip } from "@mantine/core";

/** Colours and sizes stand in theme.css; here only which of Mantine's variants we use. */
export const theme = createTheme({
  primaryColor: "indigo",
  cursorType: "pointer",
  components: {
    Button: Button.extend({ defaultProps: { size: "xs", variant: "default" } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray", size: "md" } }),
    TextInput: TextInput.extend({ defaultProps: { size: "sm" } }),
    Textarea: Textarea.extend({ defaultProps: { size: "sm" } }),
    Menu: Menu.extend({
      defaultProps: { shadow: "md", position: "bottom-end", offset: 12, transitionProps: { duration: 80 } },
    }),
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 400, withArrow: false, events: { hover: true, focus: true, touch: false } },
    }),
  },
});
